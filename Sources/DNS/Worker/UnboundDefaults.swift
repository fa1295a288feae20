/// The options the worker sets before the operator's own: the library reads no configuration file, and its defaults are
/// those of a small program. Names and meaning are those of unbound.conf(5).
///
/// `unwanted-reply-threshold` is not among them and must not be: before 1.25.2 reaching it ends the application
/// (CVE-2026-44621).
enum UnboundDefaults {
    /// UDP ports in use at once; each is a descriptor.
    static let outgoingRange = 1_024
    /// TCP connections at once. The library's 2 let a few zones that stall TCP starve all others.
    static let outgoingTCP = 64
    /// Octets of the four caches.
    static let messageCache = 32 << 20
    static let recordCache = 64 << 20
    static let keyCache = 16 << 20
    static let negativeCache = 4 << 20

    /// A name below a reserved top level (RFC 6761 §6.4) that libunbound answers itself: the lookup that shows that it
    /// lives, with no network.
    static let probeName = "probe.waxwing.invalid"

    /// Known to each libunbound from 1.17 on: a refusal is a fault.
    static func required(localhostIsAsked: Bool) -> [UnboundOption] {
        [
            // Validation: on, strict, and with words for what fails.
            UnboundOption("module-config:", "validator iterator"),
            UnboundOption("val-permissive-mode:", "no"),
            UnboundOption("val-clean-additional:", "yes"),
            UnboundOption("val-log-level:", "2"),
            UnboundOption("val-bogus-ttl:", "60"),
            UnboundOption("val-sig-skew-min:", "3600"),
            UnboundOption("val-sig-skew-max:", "86400"),
            UnboundOption("val-max-restart:", "5"),
            UnboundOption("val-nsec3-keysize-iterations:", "1024 150 2048 150 4096 150"),
            UnboundOption("ignore-cd-flag:", "no"),
            UnboundOption("harden-glue:", "yes"),
            UnboundOption("harden-dnssec-stripped:", "yes"),
            UnboundOption("harden-below-nxdomain:", "yes"),
            // RFC 4035 §2.2 wants every algorithm signed, but a validator is content with one (RFC 6840 §5.11).
            UnboundOption("harden-algo-downgrade:", "no"),
            UnboundOption("harden-large-queries:", "yes"),
            UnboundOption("harden-short-bufsize:", "yes"),
            UnboundOption("harden-referral-path:", "no"),
            UnboundOption("qname-minimisation:", "yes"),
            UnboundOption("qname-minimisation-strict:", "no"),
            UnboundOption("aggressive-nsec:", "yes"),
            // Never a stale answer for a name that decides about security.
            UnboundOption("serve-expired:", "no"),
            UnboundOption("prefetch:", "no"),
            UnboundOption("minimal-responses:", "no"),
            UnboundOption("root-key-sentinel:", "no"),
            // Times and sizes.
            UnboundOption("cache-min-ttl:", "0"),
            UnboundOption("cache-max-ttl:", "86400"),
            UnboundOption("cache-max-negative-ttl:", "900"),
            UnboundOption("msg-cache-size:", String(messageCache)),
            UnboundOption("rrset-cache-size:", String(recordCache)),
            UnboundOption("key-cache-size:", String(keyCache)),
            UnboundOption("neg-cache-size:", String(negativeCache)),
            UnboundOption("infra-cache-numhosts:", "20000"),
            // RFC 9715 §3: 1,232 octets avoid fragments; RFC 4035 §4.1 demands 1,220.
            UnboundOption("edns-buffer-size:", "1232"),
            UnboundOption("outgoing-range:", String(outgoingRange)),
            UnboundOption("outgoing-num-tcp:", String(outgoingTCP)),
            UnboundOption("num-queries-per-thread:", String(ResolverWorker.inFlightLimit * 2)),
            // The work one question may cause.
            UnboundOption("max-sent-count:", "32"),
            UnboundOption("max-query-restarts:", "11"),
            UnboundOption("outbound-msg-retry:", "5"),
            UnboundOption("target-fetch-policy:", "3 2 1 0 0"),
            UnboundOption("tcp-auth-query-timeout:", "3000"),
            // A stranger's delegation must not reach services of this machine.
            UnboundOption("do-not-query-localhost:", localhostIsAsked ? "no" : "yes"),
            UnboundOption("use-syslog:", "no"),
            UnboundOption("verbosity:", "0"),
            UnboundOption("local-zone:", "\(probeName). static"),
        ]
    }

    /// Bounds of later versions, set where the linked one knows them.
    static let whereKnown: [UnboundOption] = [
        UnboundOption("harden-unknown-additional:", "yes"),
        UnboundOption("iter-scrub-ns:", "20"),
        UnboundOption("iter-scrub-cname:", "11"),
        UnboundOption("max-global-quota:", "200"),
        UnboundOption("iter-scrub-rrsig:", "8"),
    ]
}
