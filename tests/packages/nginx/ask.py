#!/usr/bin/env python3
"""ask.py PREFIX: starts the nginx that is installed there, asks it over HTTP what a site asks, and prints PASS or FAIL for each question.
An answer counts by status, headers that matter and body, which are compared with what nginx is documented to answer."""
import gzip
import http.client
import os
import socket
import subprocess
import sys
import time

prefix = os.path.abspath(sys.argv[1])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


PORT, BACK, STREAM = free_port(), free_port(), free_port()
CONFIGURATION = f"""
daemon off; master_process off; user root; thread_pool default threads=2; error_log stderr notice; pid {prefix}/nginx.pid;
events {{ worker_connections 256; }}
http {{
    include {prefix}/conf/mime.types; access_log {prefix}/logs/access.log; client_body_temp_path {prefix}/body;
    server {{
        listen 127.0.0.1:{PORT}; root {prefix}/site; server_name one;
        location / {{ index index.html; autoindex on; }}
        location /threads/ {{ alias {prefix}/site/; aio threads; }}
        location /back/ {{ proxy_pass http://127.0.0.1:{BACK}/; }}
        location /private/ {{ auth_basic "closed"; auth_basic_user_file {prefix}/users; alias {prefix}/site/; }}
        location /dav/ {{ dav_methods PUT DELETE MKCOL COPY MOVE; alias {prefix}/dav/; create_full_put_path on; }}
        location /limited/ {{ limit_except GET {{ deny all; }} alias {prefix}/site/; }}
        location /status {{ stub_status; }}
        location /sub/ {{ sub_filter hello goodbye; sub_filter_types text/plain; alias {prefix}/site/; }}
        location /gzip/ {{ gzip on; gzip_types text/plain application/octet-stream; gzip_min_length 1; alias {prefix}/site/; }}
        rewrite ^/old/(.*)$ /$1 last;
        location /moved {{ return 301 /index.html; }}
        error_page 404 /missing.html;
    }}
    server {{ listen 127.0.0.1:{PORT}; server_name two; location / {{ return 200 "two"; }} }}
    server {{ listen 127.0.0.1:{BACK}; location / {{ return 200 "back $request_uri"; }} }}
}}
stream {{ server {{ listen 127.0.0.1:{STREAM}; proxy_pass 127.0.0.1:{BACK}; }} }}
"""


def ask(method, path, headers=None, body=None, port=PORT):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body=body, headers=headers or {})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), data


def report(name, passed):
    print(("PASS " if passed else "FAIL ") + name, flush=True)


def prepare():
    for folder in "site/folder", "dav", "logs", "body":
        os.makedirs(f"{prefix}/{folder}", exist_ok=True)
    for name, text in ("index.html", b"<p>index</p>"), ("hello.txt", b"hello world\n"), ("missing.html", b"nothing here"):
        with open(f"{prefix}/site/{name}", "wb") as file:
            file.write(text)
    with open(f"{prefix}/site/large.bin", "wb") as file:
        file.write(bytes(range(256)) * 16384)
    with open(f"{prefix}/users", "w") as file:
        file.write("user:{PLAIN}secret\n")
    with open(f"{prefix}/conf/nginx.conf", "w") as file:
        file.write(CONFIGURATION)


def questions():
    large = bytes(range(256)) * 16384
    status, headers, data = ask("GET", "/")
    report("index", status == 200 and data == b"<p>index</p>" and headers["Content-Type"] == "text/html")
    tag, stamp = headers.get("ETag"), headers.get("Last-Modified")
    report("not modified by tag", ask("GET", "/", {"If-None-Match": tag})[0] == 304)
    report("not modified by time", ask("GET", "/", {"If-Modified-Since": stamp})[0] == 304)
    report("head", ask("HEAD", "/hello.txt")[0::2] == (200, b""))
    report("missing", ask("GET", "/none")[0::2] == (404, b"nothing here"))
    report("folder listing", b"hello.txt" not in ask("GET", "/folder/")[2] and ask("GET", "/folder/")[0] == 200)
    report("folder without slash", ask("GET", "/folder")[0] == 301)
    report("large file", ask("GET", "/large.bin")[2] == large)
    report("large file by threads", ask("GET", "/threads/large.bin")[2] == large)
    report("range", ask("GET", "/large.bin", {"Range": "bytes=1000-1999"})[0::2] == (206, large[1000:2000]))
    report("ranges", ask("GET", "/large.bin", {"Range": "bytes=0-1,5-6"})[0] == 206)
    report("range that isn't there", ask("GET", "/hello.txt", {"Range": "bytes=100-"})[0] == 416)
    report("proxy", ask("GET", "/back/x?y=1")[2] == b"back /x?y=1")
    report("stream proxy", ask("GET", "/z", port=STREAM)[2] == b"back /z")
    report("virtual host", ask("GET", "/", {"Host": "two"})[2] == b"two")
    report("no password", ask("GET", "/private/hello.txt")[0] == 401)
    report("password", ask("GET", "/private/hello.txt", {"Authorization": "Basic dXNlcjpzZWNyZXQ="})[0] == 200)
    report("wrong password", ask("GET", "/private/hello.txt", {"Authorization": "Basic dXNlcjp3cm9uZw=="})[0] == 401)
    report("put", ask("PUT", "/dav/a/b.txt", body=b"x" * 300000)[0] == 201)
    report("put is there", os.path.getsize(f"{prefix}/dav/a/b.txt") == 300000)
    report("copy", ask("COPY", "/dav/a/b.txt", {"Destination": "/dav/c.txt"})[0] == 204)
    report("move", ask("MOVE", "/dav/c.txt", {"Destination": "/dav/d.txt"})[0] == 204 and os.path.exists(f"{prefix}/dav/d.txt"))
    report("delete", ask("DELETE", "/dav/d.txt")[0] == 204 and not os.path.exists(f"{prefix}/dav/d.txt"))
    report("method refused", ask("POST", "/limited/hello.txt")[0] == 403)
    report("substitution", ask("GET", "/sub/hello.txt")[2] == b"goodbye world\n")
    report("compressed", gzip.decompress(ask("GET", "/gzip/hello.txt", {"Accept-Encoding": "gzip"})[2]) == b"hello world\n")
    report("rewritten", ask("GET", "/old/hello.txt")[2] == b"hello world\n")
    report("redirection", ask("GET", "/moved")[1].get("Location", "").endswith("/index.html"))
    report("status page", b"Active connections" in ask("GET", "/status")[2])
    report("bad request", b"400" in raw(b"GET / HTTP/1.1\r\n\r\n"))
    report("pipelining", raw(b"GET /hello.txt HTTP/1.1\r\nHost: one\r\n\r\nGET /hello.txt HTTP/1.1\r\nHost: one\r\nConnection: close\r\n\r\n").count(b"hello world") == 2)
    report("two hundred connections", many(200))


def raw(request):
    with socket.create_connection(("127.0.0.1", PORT), timeout=20) as connection:
        connection.sendall(request)
        data = b""
        while part := connection.recv(65536):
            data += part
        return data


def many(count):
    connections = [socket.create_connection(("127.0.0.1", PORT), timeout=20) for _ in range(count)]
    for connection in connections:
        connection.sendall(b"GET /hello.txt HTTP/1.0\r\n\r\n")
    return all(b"hello world" in connection.makefile("rb").read() for connection in connections)


prepare()
with subprocess.Popen([f"{prefix}/sbin/nginx", "-p", prefix], stdin=subprocess.DEVNULL, stderr=sys.stderr) as server:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", PORT), timeout=1).close()
            break
        except OSError:
            time.sleep(0.1)
            if server.poll() is not None:
                break
    try:
        questions()
    finally:
        server.terminate()
    report("ends when it is told to", server.wait() == 0)
