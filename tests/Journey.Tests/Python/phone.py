"""A small SIP phone over TLS: registers, prints what it is sent, answers each MESSAGE with a status of your choice.

usage: phone.py HOST:PORT CA_FILE USER PASSWORD DOMAIN [STATUS] [SECONDS]

STATUS: 200 takes messages; 488 refuses them for good; 480 asks for another try. Default 200. SECONDS: how long to stay, default 60.
Prints "registered", then "STATUS SENDER CONTENT_TYPE: BODY" for each message.
"""
import hashlib
import secrets
import socket
import ssl
import sys

address, ca_file, user, password, domain, *rest = sys.argv[1:]
status = int(rest[0]) if rest else 200
seconds = float(rest[1]) if len(rest) > 1 else 60
host, port = address.rsplit(":", 1)


class Flow:
    """SIP messages over one TLS connection (RFC 3261 section 18.3: framed by Content-Length)."""

    def __init__(self) -> None:
        raw = socket.create_connection((host, int(port)), timeout=seconds)
        self.tls = ssl.create_default_context(cafile=ca_file).wrap_socket(raw, server_hostname=host)
        self.buffer = b""

    def send(self, *lines: str) -> None:
        self.tls.sendall("\r\n".join([*lines, "Content-Length: 0", "", ""]).encode())

    def receive(self) -> tuple[str, list[tuple[str, str]], str]:
        while b"\r\n\r\n" not in self.buffer.lstrip(b"\r\n"):
            self.more()
        head, self.buffer = self.buffer.lstrip(b"\r\n").split(b"\r\n\r\n", 1)
        first, *lines = head.decode().split("\r\n")
        headers = [(name.strip().lower(), value.strip()) for name, value in (line.split(":", 1) for line in lines)]
        length = int(dict(headers).get("content-length", "0"))
        while len(self.buffer) < length:
            self.more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return first, headers, body.decode(errors="replace")

    def more(self) -> None:
        data = self.tls.recv(65536)
        if not data:
            raise EOFError("the server closed the connection")
        self.buffer += data


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def authorization(challenge: str, uri: str) -> str:
    """Answers a digest challenge with SHA-256 and qop=auth (RFC 8760)."""
    given = dict(part.strip().split("=", 1) for part in challenge.split(" ", 1)[1].split(","))
    realm, nonce, cnonce = given["realm"].strip('"'), given["nonce"].strip('"'), secrets.token_hex(8)
    proof = sha256(f"{sha256(f'{user}:{realm}:{password}')}:{nonce}:00000001:{cnonce}:auth:{sha256(f'REGISTER:{uri}')}")
    return (f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{proof}", '
            f'algorithm=SHA-256, qop=auth, nc=00000001, cnonce="{cnonce}"')


def register(flow: Flow) -> str:
    uri, call_id, tag = f"sip:{domain}", secrets.token_hex(8), secrets.token_hex(4)
    extra: list[str] = []
    for sequence in (1, 2):
        flow.send(
            f"REGISTER {uri} SIP/2.0", f"Via: SIP/2.0/TLS phone.invalid;branch=z9hG4bK{secrets.token_hex(8)}", "Max-Forwards: 70",
            f"From: <sip:{user}@{domain}>;tag={tag}", f"To: <sip:{user}@{domain}>", f"Call-ID: {call_id}", f"CSeq: {sequence} REGISTER",
            f"Contact: <sip:{user}@phone.invalid;transport=tls>", "Expires: 600", *extra)
        first, headers, _ = flow.receive()
        challenges = [value for name, value in headers if name == "www-authenticate" and "SHA-256" in value]
        if " 401 " not in first or not challenges or extra:
            break
        extra = ["Authorization: " + authorization(challenges[0], uri)]
    return first


def main() -> int:
    flow = Flow()
    answer = register(flow)
    if " 200 " not in answer:
        print("not registered:", answer, flush=True)
        return 1
    print("registered", flush=True)
    flow.tls.settimeout(seconds)
    try:
        while True:
            first, headers, body = flow.receive()
            if not first.startswith("MESSAGE "):
                continue
            repeated = [f"{name.title()}: {value}" for name, value in headers if name in ("via", "from", "call-id", "cseq")]
            to = dict(headers)["to"]
            flow.send(f"SIP/2.0 {status} Answer", *repeated, f"To: {to};tag={secrets.token_hex(4)}")
            sender = dict(headers)["from"].split(">")[0].split("<")[-1]
            print(f"{status} {sender} {dict(headers).get('content-type', '')}: {body}", flush=True)
    except (TimeoutError, EOFError):
        return 0


sys.exit(main())
