# python3 verify.py ID TIMESTAMP SIGNATURE < BODY, with the secret in WEBHOOK_SECRET: ends with 0 when it is genuine.
import base64, hashlib, hmac, os, sys, time

TOLERANCE_SECONDS = 300


def verify(secret: str, id: str, timestamp: str, signatures: str, body: bytes) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit()):
        return False
    if abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    return any(hmac.compare_digest(entry.encode(), expected) for entry in signatures.split(" "))


if __name__ == "__main__":
    id, timestamp, signatures = sys.argv[1:4]
    genuine = verify(os.environ["WEBHOOK_SECRET"], id, timestamp, signatures, sys.stdin.buffer.read())
    sys.exit(0 if genuine else 1)
