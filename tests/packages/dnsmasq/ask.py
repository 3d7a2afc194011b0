#!/usr/bin/env python3
"""ask.py DNSMASQ: starts it in the foreground and asks it over UDP and TCP; prints PASS or FAIL for each question."""
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

A, NS, CNAME, PTR, MX, TXT, AAAA, SRV = 1, 2, 5, 12, 15, 16, 28, 33


def name_bytes(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part) + b"\0"


def question(name, kind, number=77):
    return struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + name_bytes(name) + struct.pack(">2H", kind, 1)


def ask(port, name, kind, tcp=False):
    """Answer code, number of answers, the whole answer."""
    query = question(name, kind)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as peer:
        peer.settimeout(10)
        peer.connect(("127.0.0.1", port))
        if tcp:
            peer.sendall(struct.pack(">H", len(query)) + query)
            answer = b""
            while part := peer.recv(65536):
                answer += part
                if len(answer) >= 2 and len(answer) >= 2 + struct.unpack(">H", answer[:2])[0]:
                    break
            answer = answer[2:]
        else:
            peer.send(query)
            answer = peer.recv(65536)
    return answer[3] & 15, struct.unpack(">H", answer[6:8])[0], answer


def report(name, passed):
    print(("PASS " if passed else "FAIL ") + name, flush=True)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def upstream(server):
    """A name server that knows 10.9.8.7 for every name."""
    while True:
        try:
            query, address = server.recvfrom(4096)
        except OSError:
            return
        end = query.index(b"\0", 12) + 5
        server.sendto(query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + query[12:end] + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\x09\x08\x07", address)


def wait_until_ready(port, process):
    for _ in range(100):
        if process.poll() is not None:
            return
        try:
            ask(port, "ready.test", A)
            return
        except OSError:
            time.sleep(0.1)


port, above = free_port(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
above.bind(("127.0.0.1", 0))
threading.Thread(target=upstream, args=(above,), daemon=True).start()
with tempfile.TemporaryDirectory(dir=os.getcwd()) as work:
    with open(work + "/hosts", "w", encoding="ascii") as hosts:
        hosts.write("10.1.2.3 box.lan box\nfd00::1 six.lan\n")
    with subprocess.Popen([sys.argv[1], "-d", "-C", "/dev/null", "-R", "-p", str(port), "--listen-address=127.0.0.1", "--bind-interfaces", "--no-hosts",
                           "-H", work + "/hosts", f"--server=127.0.0.1#{above.getsockname()[1]}", "--cname=alias.lan,box.lan", "--mx-host=lan,mail.lan,5",
                           "--txt-record=note.lan,some text", "--srv-host=_s._tcp.lan,box.lan,99", "--address=/blocked.test/0.0.0.0", "--user=root",
                           "--host-record=ready.test,10.0.0.1", "--cache-size=100"], stdin=subprocess.DEVNULL, stderr=sys.stderr) as server:
        wait_until_ready(port, server)
        for tcp in False, True:
            way = " by TCP" if tcp else " by UDP"
            report("a name from a hosts file" + way, b"\x0a\x01\x02\x03" in ask(port, "box.lan", A, tcp)[2])
            report("an IPv6 address" + way, ask(port, "six.lan", AAAA, tcp)[2].endswith(socket.inet_pton(socket.AF_INET6, "fd00::1")))
            report("a reverse name" + way, b"\3box\3lan" in ask(port, "3.2.1.10.in-addr.arpa", PTR, tcp)[2])
            report("an alias" + way, ask(port, "alias.lan", A, tcp)[1] == 2)
            report("a mail server" + way, b"\4mail" in ask(port, "lan", MX, tcp)[2])
            report("text" + way, b"some text" in ask(port, "note.lan", TXT, tcp)[2])
            report("a service" + way, ask(port, "_s._tcp.lan", SRV, tcp)[1] == 1)
            report("a blocked name" + way, ask(port, "www.blocked.test", A, tcp)[2].endswith(b"\0\0\0\0"))
        report("a name from the server above", ask(port, "far.example", A)[2].endswith(b"\x0a\x09\x08\x07"))
        above.close()
        report("the same from the cache", ask(port, "far.example", A)[2].endswith(b"\x0a\x09\x08\x07"))
        server.terminate()
        report("ends when it is told to", server.wait() == 0)
