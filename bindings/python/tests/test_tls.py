# SPDX-License-Identifier: Apache-2.0
"""TLS to Redis: the URI is passed through; the password of a key comes from Python."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import mflixcache
from mflixcache import Options

pytestmark = pytest.mark.skipif(
    "tls" not in mflixcache.features() or shutil.which("openssl") is None, reason="no TLS in this build, or no openssl command"
)
PASSWORD = "open sesame"


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A Redis that wants to see a client certificate; its TLS port and the folder of the certificates."""
    folder = tmp_path_factory.mktemp("tls")
    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "2", "-subj", "/CN=test")
    openssl(folder, *new, "-nodes", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "server.key", "-out", "server.crt")
    openssl(folder, *new, "-passout", f"pass:{PASSWORD}", "-keyout", "client.key", "-out", "client.crt")
    for _ in range(10):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = ["redis-server", "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1", "--save", ""]
        command += ["--tls-cert-file", "server.crt", "--tls-key-file", "server.key", "--tls-ca-cert-file", "client.crt"]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        for line in process.stdout:
            if "Ready to accept connections" in line:
                break
        else:
            process.wait()
            continue  # the port was taken meanwhile
        yield port, folder
        process.kill()
        process.wait()
        process.stdout.close()
        return
    raise RuntimeError("redis-server does not start")


def settings(port: int, folder: Path) -> Options:
    return Options(
        {
            "cache.uri": f"rediss://127.0.0.1:{port}/0?tls_ca_file={folder}/server.crt",
            "cache.tls_cert_file": f"{folder}/client.crt",
            "cache.tls_key_file": f"{folder}/client.key",
        }
    )


def test_password_from_python(server: tuple[int, Path]) -> None:
    options = settings(*server)
    for password in (lambda: PASSWORD, lambda: PASSWORD.encode()):
        options.set_key_password(password)
        with mflixcache.open(options=options) as client:
            client.put("key", "value")
            assert client.get("key") == b"value"
            assert client.get_stats().redis_connects == 1


def test_no_password(server: tuple[int, Path]) -> None:
    options = settings(*server)
    with pytest.raises(mflixcache.TlsError, match="needs a password"):
        mflixcache.open(options=options)
    options.set_key_password(lambda: "open barley")
    with pytest.raises(mflixcache.TlsError, match="its password is another"):
        mflixcache.open(options=options)
    options.set_key_password(None)
    with pytest.raises(mflixcache.TlsError, match="needs a password"):
        mflixcache.open(options=options)


def test_callback_that_raises(server: tuple[int, Path]) -> None:
    options = settings(*server)

    def forgotten() -> str:
        raise LookupError("who knows")

    options.set_key_password(forgotten)
    with pytest.raises(LookupError, match="who knows"):
        mflixcache.open(options=options)


def test_refused(server: tuple[int, Path]) -> None:
    port, folder = server
    with pytest.raises(mflixcache.TlsError, match="self-signed"):
        mflixcache.open(redis=f"rediss://127.0.0.1:{port}/0?tls_ca_file={folder}/client.crt")
