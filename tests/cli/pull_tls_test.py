#!/usr/bin/env python3
"""`candor pull` over https, with a certificate made here.

The authorities that the program trusts are the system's, and nothing but the system can say otherwise: the tests that
need the certificate trusted run the program in a mount namespace of its own, where a copy of the system's list has it
too. They are skipped where the kernel does not allow that.
"""
import hashlib
import pathlib
import shutil
import subprocess

import candor_cli
import model_server

MODEL = b"GGUF" + bytes(100_000)
DIGEST = hashlib.sha256(MODEL).hexdigest()
TRUSTED = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")


class PullTlsTest(candor_cli.CandorTest):
    def setUp(self):
        super().setUp()
        if not shutil.which("openssl"):
            self.skipTest("no openssl to make a certificate with")
        self.certificate = self.folder / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                        self.folder / "key.pem", "-out", self.certificate], check=True, capture_output=True)
        both = self.folder / "both.pem"
        both.write_bytes((self.folder / "key.pem").read_bytes() + self.certificate.read_bytes())
        self.secure = model_server.ModelServer(both)
        self.addCleanup(self.secure.close)
        self.plain = model_server.ModelServer()
        self.addCleanup(self.plain.close)

    def pull_trusting(self, url, *flags):
        """The outcome of a pull that trusts the certificate."""
        if not TRUSTED.exists():
            self.skipTest(f"{TRUSTED} is not there")
        trusted = self.folder / "trusted.pem"
        trusted.write_bytes(TRUSTED.read_bytes() + self.certificate.read_bytes())
        script = f"mount --bind {trusted} {TRUSTED} || exit 99; exec \"$@\""
        try:
            done = subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", candor_cli.BINARY, "pull", url, "--sha256",
                                   DIGEST, "--attempts", "1", *flags], capture_output=True, text=True,
                                  env=self.environment, timeout=60)
        except FileNotFoundError:
            self.skipTest("no unshare")
        if done.returncode == 99 or "unshare" in done.stderr:
            self.skipTest("nothing can be mounted here")
        return done.returncode, done.stdout, done.stderr

    def test_downloads_from_whom_the_system_trusts(self):
        status, _, err = self.pull_trusting(self.secure.add("/m.gguf", MODEL))
        self.assertEqual(status, 0, err)
        self.assertEqual((self.store / "m.gguf").read_bytes(), MODEL)

    def test_a_certificate_that_nobody_vouches_for_is_refused(self):
        self.assert_fails(1, "certificate", "pull", self.secure.add("/m.gguf", MODEL), "--sha256", DIGEST)
        self.assertEqual((self.stored(), self.secure.requests()), ([], []))

    def test_a_certificate_for_another_name_is_refused(self):
        url = self.secure.add("/m.gguf", MODEL).replace("127.0.0.1", "localhost")
        status, _, err = self.pull_trusting(url)
        self.assertEqual((status, self.stored(), self.secure.requests()), (1, [], []), err)
        self.assertIn("localhost", err)

    def test_no_redirect_leads_from_https_to_http(self):
        target = self.plain.add("/m.gguf", MODEL)
        self.assertIn(self.plain.url, target)
        url = self.secure.add("/m.gguf", redirect=target)
        for flags in ((), ("--allow-http",)):
            status, _, err = self.pull_trusting(url, *flags)
            self.assertEqual((status, self.stored(), self.plain.requests()), (1, [], []), err)
            self.assertIn("redirects from https to", err)


if __name__ == "__main__":
    candor_cli.main()
