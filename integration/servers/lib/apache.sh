# Apache with mod_proxy_uwsgi before Zaqar 23 in uWSGI, as DevStack deploys it, with TLS and the prefix /messaging.

apache_conf() { # home
  local module
  echo "DefaultRuntimeDir $1"
  echo "PidFile $1/apache.pid"
  for module in mpm_event authz_core proxy proxy_uwsgi socache_shmcb ssl; do
    echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
  done
  # Apache does not serve as root.
  [ "$(id -u)" != 0 ] || printf 'User nobody\nGroup nogroup\n'
  cat <<EOF
ServerName 127.0.0.1
Listen 127.0.0.1:$((port_base + apache_offset))
ErrorLog $1/error.log
SSLEngine on
SSLCertificateFile $state/home/tls/server.pem
SSLCertificateKeyFile $state/home/tls/server.key
ProxyPass /messaging $(zaqar_url "$apache_row") retry=0
EOF
}

apache_answers() { listening "$((port_base + apache_offset))"; }

# After the proxies, whose certificate it has.
start_apache() {
  local home=$state/home/apache
  mkdir -p "$home"
  apache_conf "$home" >"$home/apache.conf"
  ensure apache "$((port_base + apache_offset))" apache_answers "$home/apache.conf" "$state/home/tls/both.pem" -- \
    "$apache" -d "$home" -f "$home/apache.conf" -DFOREGROUND
  await apache apache_answers
}

apache_endpoint() {
  echo "ZAQAR_REAL_Z23_APACHE_URL=https://127.0.0.1:$((port_base + apache_offset))/messaging"
}
