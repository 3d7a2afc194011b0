#!/bin/bash
# lighttpd with modules that it loads while it runs; curl from outside.
. tests/programs/programs.sh lighttpd
command -v curl >/dev/null || { echo "Bail out! no curl"; exit 1; }
number=$(free_port)
mkdir -p etc www/dir/sub logs
printf 'hello from a compartment\n' >www/index.html
head -c 20000000 /dev/urandom >www/large
printf 'body { }\n' >www/style.css
for i in $(seq 30); do echo "$i" >"www/dir/file$i.txt"; done
echo secret >outside
ln -s "$PWD/outside" www/escape
ln -s ../outside www/relative
cat >etc/lighttpd.conf <<CONF
server.modules = ( "mod_indexfile", "mod_access", "mod_alias", "mod_redirect", "mod_setenv", "mod_expire", "mod_auth", "mod_authn_file",
    "mod_dirlisting", "mod_staticfile", "mod_accesslog", "mod_status", "mod_simple_vhost", "mod_deflate", "mod_ssi" )
server.document-root = "/www"
server.bind = "127.0.0.1"
server.port = $number
server.errorlog = "/logs/error.log"
accesslog.filename = "/logs/access.log"
index-file.names = ( "index.html" )
mimetype.assign = ( ".html" => "text/html", ".css" => "text/css", ".txt" => "text/plain", "" => "application/octet-stream" )
dir-listing.activate = "enable"
url.access-deny = ( ".secret" )
alias.url = ( "/other/" => "/www/dir/" )
\$HTTP["url"] =~ "^/never" { url.access-deny = ( "" ) }
\$HTTP["url"] == "/moved" { url.redirect = ( "" => "/index.html" ) }
setenv.add-response-header = ( "X-Compartment" => "yes" )
expire.url = ( "/style.css" => "access plus 1 hours" )
status.status-url = "/status"
auth.backend = "plain"
auth.backend.plain.userfile = "/etc/lighttpd/users"
auth.require = ( "/dir/sub/" => ( "method" => "basic", "realm" => "r", "require" => "user=alice" ) )
CONF
# Conditions by regular expression need PCRE, which this port is built without.
sed -i '/=~/d' etc/lighttpd.conf
echo 'alice:secret' >etc/users
echo private >www/dir/sub/private.txt
echo x >www/a.secret
server_command() {
    exec "${orc_run[@]}" --listen "127.0.0.1:$number" --mount "$PWD/etc:/etc/lighttpd:ro" --mount "$PWD/www:/www:ro" --mount "$PWD/logs:/logs" --mount "$installed/lib/lighttpd:/usr/lib/lighttpd:ro" \
        "$installed/bin/lighttpd" -f /etc/lighttpd/lighttpd.conf "$@"
}
checks_configuration() { (server_command -tt) >out 2>&1; }
check "the configuration is accepted: modules load" checks_configuration
server_command -D >server.log 2>&1 </dev/null &
server=$!
servers=$server
wait_for can_connect "$number" || { cat server.log logs/error.log; echo "Bail out! the server doesn't start"; exit 1; }
get() { curl -sS --max-time 20 "http://127.0.0.1:$number$1" "${@:2}"; }
code() { get "$1" -o /dev/null -w '%{http_code}' "${@:2}"; }

index() { [ "$(get /)" = "hello from a compartment" ] && [ "$(get /index.html -w '%{content_type} %{http_code}' -o /dev/null)" = "text/html 200" ]; }
check "an index file" index
large() { get /large | cmp - www/large; }
check "20 MB" large
ranges() { get /large -r 1000000-1999999 | cmp - <(tail -c +1000001 www/large | head -c 1000000) && [ "$(code /large -r 99999999-)" = 416 ]; }
check "ranges" ranges
not_modified() {
    local tag
    tag=$(get /style.css -I | tr -d '\r' | sed -n 's/^ETag: //p')
    [ -n "$tag" ] && [ "$(code /style.css -H "If-None-Match: $tag")" = 304 ] && get /style.css -I | grep -qi '^cache-control: max-age=3600'
}
check "entity tags and expiry" not_modified
refusals() { [ "$(code /nothing) $(code /a.secret) $(code /dir/sub/private.txt) $(code /moved) $(code / -X BREW)" = "404 403 401 301 501" ]; }
check "404, 403, 401, 301, 501" refusals
password() { [ "$(get /dir/sub/private.txt -u alice:secret)" = private ] && [ "$(code /dir/sub/private.txt -u alice:wrong)" = 401 ]; }
check "passwords" password
listing() { get /dir/ >list && [ "$(grep -c 'file[0-9]*\.txt</a>' list)" = 30 ] && [ "$(get /other/file7.txt)" = 7 ]; }
check "a directory's listing, an alias" listing
stays_inside() { ! { get /escape && get /relative; } | grep -q secret && [ "$(get '/../../../../etc/passwd' --path-as-is -o /dev/null -w '%{http_code}')" != 200 ]; }
check "no way out of the document root into this machine" stays_inside
keeps_alive() { [ "$(get / -o /dev/null -o /dev/null -w '%{num_connects}' "http://127.0.0.1:$number/style.css")" = 10 ]; }
check "keeps connections alive" keeps_alive
many() {
    seq 400 | xargs -P 16 -I{} curl -sS --max-time 20 -o /dev/null -w '%{http_code}\n' "http://127.0.0.1:$number/dir/file{}.txt" | sort | uniq -c | awk '{ print $2, $1 }' >codes
    same codes "200 30
404 370"
}
check "16 clients at once" many
http2() { [ "$(get / --http2-prior-knowledge -o body -w '%{http_version}')" = 2 ] && grep -q hello body; }
check "HTTP/2" http2
headers() { get / -I | grep -qi '^x-compartment: yes' && get /status -o status && grep -qi 'server-status\|uptime' status; }
check "response headers, the status page" headers
ends() {
    kill -TERM $server
    wait $server || { tail -3 logs/error.log; return 1; }
    grep -q '"GET /large HTTP/1.1" 206 1000000' logs/access.log && grep -qi 'stopped' logs/error.log
}
check "SIGTERM ends it; its logs are written" ends
finish_tests
