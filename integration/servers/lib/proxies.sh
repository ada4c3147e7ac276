# nginx and HAProxy before Zaqar 23, as clouds have them: TLS, HTTP/2, the prefix /messaging, the WebSocket, and apart from
# that their default limits. Each listens twice: before z23 and before z23-keystone.

ca_file=$state/home/tls/ca.pem

each_proxied() {
  local name rest
  while read -r name rest <&7; do
    # shellcheck disable=SC2086 # the columns are to be split
    [ -z "$name" ] || "$1" "$name" $rest
  done 7<<<"$proxied"
}

host_of() { # row: host:port
  local url
  url=$(zaqar_url "$1")
  echo "${url#*://}"
}

# A CA of these servers' own, and one certificate for all of them.
make_certificates() {
  mkdir -p "$state/home/tls"
  "$(venv_of zaqar-23)/bin/python" "$here/lib/make_certificates.py" "$state/home/tls" || die "cannot make certificates"
}

nginx_server() { # name offset http websocket
  cat <<EOF
    server {
        listen 127.0.0.1:$((port_base + $2)) ssl http2;
        location /messaging/ {
            proxy_pass http://$(host_of "$3")/;
            proxy_set_header Host \$http_host;
        }
        location /messaging-websocket {
            proxy_pass http://$(host_of "$4")/;
            proxy_http_version 1.1;
            proxy_set_header Upgrade \$http_upgrade;
            proxy_set_header Connection upgrade;
        }
    }
EOF
}

nginx_conf() { # home
  cat <<EOF
daemon off;
user $(id -un) $(id -gn);
worker_processes 1;
pid $1/nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path $1/body;
    proxy_temp_path $1/proxy;
    fastcgi_temp_path $1/fastcgi;
    uwsgi_temp_path $1/uwsgi;
    scgi_temp_path $1/scgi;
    ssl_certificate $state/home/tls/server.pem;
    ssl_certificate_key $state/home/tls/server.key;
$(each_proxied nginx_server)
}
EOF
}

haproxy_server() { # name offset http websocket
  cat <<EOF
frontend $1
    bind 127.0.0.1:$((port_base + $2 + 2)) ssl crt $state/home/tls/both.pem alpn h2,http/1.1
    use_backend $1-websocket if { path_beg /messaging-websocket }
    default_backend $1-http
backend $1-http
    http-request replace-path /messaging/(.*) /\\1
    server zaqar $(host_of "$3")
backend $1-websocket
    http-request set-path /
    server zaqar $(host_of "$4")
EOF
}

haproxy_conf() {
  cat <<EOF
global
    log stderr format raw daemon notice
defaults
    mode http
    log global
    timeout connect 5s
    timeout client 50s
    timeout server 50s
$(each_proxied haproxy_server)
EOF
}

# Content when a request gets through to Zaqar. A plain one does not: it listens for TLS.
nginx_answers() { listening "$((port_base + 35))" && listening "$((port_base + 36))"; }
haproxy_answers() { listening "$((port_base + 37))" && listening "$((port_base + 38))"; }

start_proxies() {
  make_certificates
  local home=$state/home/nginx
  mkdir -p "$home" "$state/home/haproxy"
  nginx_conf "$home" >"$home/nginx.conf"
  ensure nginx "$((port_base + 35))" nginx_answers "$home/nginx.conf" "$state/home/tls/both.pem" -- \
    "$nginx" -p "$home" -e stderr -c "$home/nginx.conf"
  haproxy_conf >"$state/home/haproxy/haproxy.cfg"
  ensure haproxy "$((port_base + 37))" haproxy_answers "$state/home/haproxy/haproxy.cfg" "$state/home/tls/both.pem" -- \
    "$haproxy" -db -f "$state/home/haproxy/haproxy.cfg"
  await nginx nginx_answers
  await haproxy haproxy_answers
}

proxied_endpoints() { # name offset ...
  local key=${1//-/_}
  key=ZAQAR_REAL_${key^^}
  echo "${key}_NGINX_URL=https://127.0.0.1:$((port_base + $2))/messaging"
  echo "${key}_NGINX_WEBSOCKET_URL=wss://127.0.0.1:$((port_base + $2))/messaging-websocket"
  echo "${key}_HAPROXY_URL=https://127.0.0.1:$((port_base + $2 + 2))/messaging"
  echo "${key}_HAPROXY_WEBSOCKET_URL=wss://127.0.0.1:$((port_base + $2 + 2))/messaging-websocket"
}
