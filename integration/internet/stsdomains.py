"""Domains with MTA-STS. Unsigned where nothing else is said, so that DANE has no part in it."""

from .words import AT_HOME, GOOD, STS, Domain, Host, deferred, delivered

_STRANGER = ("3 1 1 stranger",)
_UNUSABLE = ("0 0 1 own", "3 1 9 garbage")
_TESTING = STS("testing")


def _unsigned(name: str, what: str, expect, host: Host | tuple[Host, ...], sts: STS = STS(), **more) -> Domain:  # noqa: ANN001, ANN003
    return Domain(name, what, expect, host if isinstance(host, tuple) else (host,), **({"dns": "unsigned", "sts": sts} | more))


def _mx(certificate: str = "webpki", server: str = "postfix", name: str = "mx", **more) -> Host:  # noqa: ANN003
    return Host(name, server, certificate, **more)


# What a host gets whose policy could not be had: its own certificate proves nothing, and nothing demands that.
_WITHOUT_POLICY = delivered("encrypted", sts="unknown")


def _faulty(name: str, what: str, http: str = "ok", certificate: str = "webpki", **more) -> Domain:  # noqa: ANN003
    """The policy would refuse this host: read by mistake, it would show."""
    return _unsigned(name, what, _WITHOUT_POLICY, _mx("self-signed"), STS(http=http, certificate=certificate), **more)


STS_TABLE = (
    # Enforced, as it should be.
    _unsigned("sts-enforce.example", "MTA-STS enforce, certificate from the public CA", delivered("webpki", sts="enforce"), _mx()),
    _unsigned("sts-exim.example", "the same with Exim (GnuTLS)", delivered("webpki", sts="enforce"), _mx(server="exim")),
    _unsigned("sts-wildcard.example", "the policy lists *.sts-wildcard.example", delivered("webpki", sts="enforce"), _mx(),
              STS(mx=("*",))),
    _unsigned("sts-implicit.example", "no MX record: the domain itself is the candidate", delivered("webpki", "@", sts="enforce"),
              _mx(name="@"), STS(mx=("@",)), mx=None),
    _unsigned("sts-second.example", "two MX, the first is not in the policy", delivered("webpki", "mx2", sts="enforce"),
              (_mx(name="mx1"), _mx(name="mx2")), STS(mx=("mx2",)), mx=("10 mx1", "20 mx2"), fault=(64,)),
    _unsigned("sts-second-expired.example", "two MX, the certificate of the first expired", delivered("webpki", "mx2", sts="enforce"),
              (_mx("webpki-expired", name="mx1"), _mx(name="mx2")), STS(mx=("mx1", "mx2")), mx=("10 mx1", "20 mx2")),
    _unsigned("xn--bcher-kva.example", "bücher.example with a policy", delivered("webpki", sts="enforce"), _mx()),
    Domain("sts-signed.example", "signed, no TLSA, MTA-STS enforce", delivered("webpki", sts="enforce"), (_mx(),), sts=STS()),
    # Enforced, and the mail is held back.
    _unsigned("sts-mx-unlisted.example", "the MX is not in the policy: another host, put in by DNS", deferred("sts-mx-mismatch", 2, "enforce"),
              _mx(), STS(mx=("other",)), reports=AT_HOME, fault=(64,)),
    _unsigned("sts-wildcard-deep.example", "*.d does not cover a.b.d", deferred("sts-mx-mismatch", 2, "enforce"),
              _mx(name="mx.deep"), STS(mx=("*",)), mx=("10 mx.deep",)),
    _unsigned("sts-expired.example", "the certificate expired in 2021", deferred("certificate-invalid", sts="enforce"),
              _mx("webpki-expired"), reports=AT_HOME, fault=(66,)),
    _unsigned("sts-selfsigned.example", "a self-signed certificate", deferred("certificate-invalid", sts="enforce"),
              _mx("self-signed"), reports=AT_HOME, fault=(66,)),
    _unsigned("sts-private-ca.example", "a CA nobody trusts", deferred("certificate-invalid", sts="enforce"), _mx("private-ca"), fault=(66,)),
    _unsigned("sts-wrongname.example", "a good certificate for another host", deferred("certificate-invalid", sts="enforce"),
              _mx("webpki-wrong-name"), reports=AT_HOME, fault=(66,)),
    _unsigned("sts-cn-only.example", "the name is in the CN only", deferred("certificate-invalid", sts="enforce"), _mx("webpki-cn-only"), fault=(66,)),
    _unsigned("sts-next-hop-name.example", "the certificate names the mail domain, not the MX", deferred("certificate-invalid", sts="enforce"),
              _mx("next-hop-name")),
    _unsigned("sts-no-starttls.example", "no STARTTLS offered: stripped?", deferred("starttls-missing", sts="enforce"), _mx("none"), reports=AT_HOME),
    # The same in testing: recorded, not held back.
    _unsigned("testing-good.example", "testing, and all is well", delivered("encrypted", sts="testing"), _mx(), _TESTING),
    _unsigned("testing-mx-unlisted.example", "testing, the MX is not in the policy", delivered("encrypted", sts="testing"),
              _mx(), STS("testing", ("other",)), fault=(65,)),
    _unsigned("testing-expired.example", "testing, the certificate expired", delivered("encrypted", sts="testing"),
              _mx("webpki-expired"), _TESTING),
    _unsigned("testing-selfsigned.example", "testing, a self-signed certificate", delivered("encrypted", sts="testing"),
              _mx("self-signed"), _TESTING),
    _unsigned("testing-wrongname.example", "testing, a certificate for another host", delivered("encrypted", sts="testing"),
              _mx("webpki-wrong-name"), _TESTING),
    _unsigned("testing-plain.example", "testing, no STARTTLS", delivered("none", sts="testing"), _mx("none"), _TESTING, reports=AT_HOME),
    _unsigned("sts-none.example", "mode none: no policy", delivered("encrypted"), _mx("self-signed"), STS("none", ()), fault=(67,)),
    # No policy to be had, none cached: as without MTA-STS, and marked.
    _faulty("policy-redirect.example", "the policy host redirects to a good policy", "redirect", fault=(56,)),
    _faulty("policy-404.example", "the policy host says 404", "404", fault=(55,)),
    _faulty("policy-503.example", "the policy host says 503", "503", fault=(55,)),
    _faulty("policy-html.example", "the policy comes as text/html", "html", fault=(61,)),
    _faulty("policy-oversize.example", "the policy has 65,537 octets", "oversize", fault=(58,)),
    _faulty("policy-slow.example", "the policy comes an octet a second", "slow", fault=(60,)),
    _faulty("policy-empty.example", "the policy host hangs up", "empty"),
    _faulty("policy-invalid.example", "the text has no version", "invalid", fault=(62,)),
    _faulty("policy-down.example", "nobody listens at the policy host", "down", fault=(55,)),
    _faulty("policy-expired.example", "the policy host's certificate expired", certificate="webpki-expired", fault=(57,)),
    _faulty("policy-wrong-name.example", "the policy host shows another's certificate", certificate="webpki-wrong-name", fault=(57,)),
    _faulty("policy-cn-only.example", "the policy host's name is in the CN only", certificate="webpki-cn-only", fault=(57,)),
    _faulty("policy-selfsigned.example", "the policy host's certificate is self-signed", certificate="self-signed", fault=(57,)),
    _unsigned("policy-two-records.example", "two TXT records: no policy", delivered("encrypted"), _mx("self-signed"),
              records=('_mta-sts TXT "v=STSv1; id=2;"',), fault=(63,)),
    # DANE and MTA-STS at once.
    Domain("dane-sts.example", "DANE and MTA-STS, both right", delivered("dane", sts="enforce"), (_mx(tlsa=GOOD),), sts=STS()),
    Domain("dane-sts-selfsigned.example", "DANE right, WebPKI wrong: DANE decides", delivered("dane", sts="enforce"),
           (_mx("self-signed", tlsa=GOOD),), sts=STS(), fault=(74,)),
    Domain("dane-sts-unlisted.example", "DANE right, the MX is not in the policy", deferred("sts-mx-mismatch", 2, "enforce"),
           (_mx(tlsa=GOOD),), sts=STS(mx=("other",))),
    Domain("dane-wrong-sts.example", "DANE wrong, MTA-STS right: no rescue", deferred("dane-mismatch", sts="enforce"),
           (_mx(tlsa=_STRANGER),), sts=STS(), reports=AT_HOME, fault=(74,)),
    Domain("dane-wrong-testing.example", "DANE wrong, MTA-STS testing", deferred("dane-mismatch", sts="testing"),
           (_mx(tlsa=_STRANGER),), sts=_TESTING),
    Domain("dane-then-sts.example", "MX 10 has DANE, MX 20 a public certificate", delivered("dane", "mx1", sts="enforce"),
           (_mx("self-signed", name="mx1", tlsa=GOOD), _mx(name="mx2")), mx=("10 mx1", "20 mx2"), sts=STS(mx=("mx1", "mx2"))),
    Domain("sts-behind-dane.example", "MX 10 fails DANE, MX 20 has a public certificate", delivered("webpki", "mx2", sts="enforce"),
           (_mx(name="mx1", tlsa=_STRANGER), _mx(name="mx2")), mx=("10 mx1", "20 mx2"), sts=STS(mx=("mx1", "mx2")), fault=(45,)),
    Domain("unusable-sts.example", "only unusable TLSA records, MTA-STS right", delivered("webpki", sts="enforce"),
           (_mx(tlsa=_UNUSABLE),), sts=STS(), fault=(34,)),
    Domain("unusable-sts-selfsigned.example", "only unusable TLSA records, WebPKI wrong", deferred("certificate-invalid", sts="enforce"),
           (_mx("self-signed", tlsa=_UNUSABLE),), sts=STS(), fault=(34,)),
    _unsigned("dane-host-sts.example", "unsigned, its MX a DANE host with a public certificate",
              delivered("webpki", "mx.dane-sts.example.", sts="enforce"), (), STS(mx=("mx.dane-sts.example.",)),
              mx=("10 mx.dane-sts.example.",)),
    _unsigned("dane-host-sts-selfsigned.example", "unsigned, its MX a DANE host with no public certificate",
              deferred("certificate-invalid", sts="enforce"), (), STS(mx=("mx.dane-sts-selfsigned.example.",)),
              mx=("10 mx.dane-sts-selfsigned.example.",)),
    # The recipient's domain is an alias: MTA-STS asks for the name as written, DANE for where it leads.
    _unsigned("alias-target.example", "its own policy would refuse its MX", deferred("sts-mx-mismatch", 2, "enforce"),
              _mx(server="exim"), STS(mx=("other",))),
    _unsigned("alias-sts.example", "an alias of alias-target.example, with a policy of its own",
              delivered("webpki", "mx.alias-target.example.", sts="enforce"), (), STS(mx=("mx.alias-target.example.",)),
              mx=None, dns="alias of alias-target.example"),
    Domain("alias-dane.example", "an alias of good.example, with a policy nothing but DANE could pass",
           delivered("dane", "mx.good.example.", sts="enforce"), mx=None, dns="alias of good.example",
           sts=STS(mx=("mx.good.example.",))),
)
