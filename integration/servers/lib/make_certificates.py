"""Makes a CA and a certificate for 127.0.0.1 and localhost, unless they are there: make_certificates.py FOLDER.

Writes ca.pem; server.pem and server.key; and both.pem with the two, as HAProxy wants them. The key of the CA is not kept.
"""
import datetime
import ipaddress
import pathlib
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

folder = pathlib.Path(sys.argv[1])
if (folder / 'both.pem').exists():
    sys.exit()


def certificate(name, key, issuer, issuer_key, extensions):
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(issuer).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=3650))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def named(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


ca_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
ca = certificate(
    named('CA of the tests'), ca_key, named('CA of the tests'), ca_key,
    [(x509.BasicConstraints(ca=True, path_length=0), True)])
server = certificate(
    named('localhost'), server_key, named('CA of the tests'), ca_key,
    [(x509.BasicConstraints(ca=False, path_length=None), True),
     (x509.SubjectAlternativeName([
         x509.DNSName('localhost'), x509.IPAddress(ipaddress.ip_address('127.0.0.1'))]), False)])
key = server_key.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
for name, content in (('ca.pem', ca), ('server.pem', server), ('server.key', key), ('both.pem', server + key)):
    (folder / name).write_bytes(content)
