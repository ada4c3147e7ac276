"""Fills Keystone with what the tests need, and prints what they must know as KEY=value lines.

Everything is looked for before it is made, so this may run any number of times. Settings come from the environment:
see seed_keystone in keystone.sh.
"""
import json
import os
import urllib.error
import urllib.request

ENV = os.environ
DEFAULT_DOMAIN = 'default'


class Keystone:
    """A user's session with Keystone."""

    # No proxies: it is all on loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def __init__(self, url, user, password, project):
        self.url = url
        self.token = None
        domain = {'id': DEFAULT_DOMAIN}
        response, body = self.request('POST', '/auth/tokens', {'auth': {
            'identity': {'methods': ['password'], 'password': {
                'user': {'name': user, 'domain': domain, 'password': password}}},
            'scope': {'project': {'name': project, 'domain': domain}},
        }})
        self.token = response.headers['X-Subject-Token']
        self.user_id = body['token']['user']['id']

    def request(self, method, path, body=None):
        request = urllib.request.Request(
            self.url + path, method=method, data=json.dumps(body).encode() if body else None)
        request.add_header('Content-Type', 'application/json')
        if self.token:
            request.add_header('X-Auth-Token', self.token)
        try:
            with self.opener.open(request, timeout=60) as response:
                text = response.read()
                return response, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            raise SystemExit(f'{method} {path}: {error.code} {error.read().decode()}') from None

    def ensure(self, kind, collection, match, extra=None, query=''):
        """Returns the element of collection that has everything in match, made if there is none."""
        key = collection.rpartition('/')[2].replace('-', '_')
        for element in self.request('GET', collection + query)[1][key]:
            if all(element.get(name) == value for name, value in match.items()):
                return element
        return self.request('POST', collection, {kind: {**match, **(extra or {})}})[1][kind]

    def project(self, name):
        return self.ensure('project', '/projects', {'name': name, 'domain_id': DEFAULT_DOMAIN})['id']

    def user(self, name, password):
        return self.ensure('user', '/users', {'name': name, 'domain_id': DEFAULT_DOMAIN}, {'password': password})['id']

    def grant(self, user, project, role):
        self.request('PUT', f'/projects/{project}/users/{user}/roles/{role}')

    def endpoints(self, type_, name, url):
        service = self.ensure('service', '/services', {'type': type_}, {'name': name})['id']
        for interface in 'public', 'internal', 'admin':
            endpoint = self.ensure('endpoint', '/endpoints', {
                'service_id': service, 'interface': interface, 'region_id': ENV['REGION']}, {'url': url})
            if endpoint['url'] != url:  # the ports have moved
                self.request('PATCH', '/endpoints/' + endpoint['id'], {'endpoint': {'url': url}})


admin = Keystone(ENV['KEYSTONE_URL'], 'admin', ENV['ADMIN_PASSWORD'], 'admin')
roles = {role['name']: role['id'] for role in admin.request('GET', '/roles')[1]['roles']}
service, demo_project, demo2_project, *more_projects = (
    admin.project(name) for name in ('service', 'demo', 'demo2', 'demo-nginx', 'demo-haproxy'))
zaqar = admin.user('zaqar', ENV['ZAQAR_PASSWORD'])
demo = admin.user('demo', ENV['DEMO_PASSWORD'])
admin.grant(zaqar, service, roles['admin'])
for project in demo_project, demo2_project, *more_projects:
    admin.grant(demo, project, roles['member'])
admin.endpoints('identity', 'keystone', ENV['KEYSTONE_URL'])
admin.endpoints('messaging', 'zaqar', ENV['MESSAGING_URL'])
admin.endpoints('messaging-websocket', 'zaqar-websocket', ENV['MESSAGING_WEBSOCKET_URL'])

# Both of these can only be made by demo, for itself. This goes to the other process, whose first answers take long: now they
# do not slow down a test.
as_demo = Keystone(ENV['KEYSTONE_SHORT_URL'], 'demo', ENV['DEMO_PASSWORD'], 'demo')
credential = as_demo.ensure(
    'application_credential', f'/users/{demo}/application_credentials',
    {'name': ENV['APPCRED_NAME']}, {'secret': ENV['APPCRED_SECRET']})
trust = as_demo.ensure(
    'trust', '/OS-TRUST/trusts',
    {'trustor_user_id': demo, 'trustee_user_id': zaqar, 'project_id': demo_project, 'impersonation': True},
    {'roles': [{'name': 'member'}]}, query='?trustor_user_id=' + demo)

print(f"""\
ZAQAR_REAL_PROJECT_ID={demo_project}
ZAQAR_REAL_PROJECT2_ID={demo2_project}
ZAQAR_REAL_USER_ID={demo}
ZAQAR_REAL_APPCRED_ID={credential['id']}
ZAQAR_REAL_APPCRED_SECRET={ENV['APPCRED_SECRET']}
ZAQAR_REAL_TRUST_ID={trust['id']}""")
