import DNS
import Glibc
import Mail
import Store
import TLS

/// The local checks of `relayctl doctor`: each looks at this side alone, and says what to do.
extension Service {
    /// Older than this, the file of the root's keys is one that nobody keeps current: the root changes its keys every few
    /// years. Ours.
    private static let oldAnchor: Int64 = 1_100 * 86_400

    public func doctor() async -> DoctorView {
        async let validation = checkValidation()
        async let name = checkName()
        async let keys = checkKeys()
        async let store = checkStore()
        async let fetching = checkFetching()
        let evidence = ground.alarmWatch.evidence()
        var checks = await validation
        checks.append(checkAnchorFile())
        checks.append(checkPort(evidence))
        checks.append(checkStripping(evidence))
        checks.append(checkClock(evidence))
        checks += await name
        checks += checkCertificates()
        checks += await keys
        checks += await store
        checks += await fetching
        checks.append(checkDescriptors())
        checks += checkLibraries()
        if let monitoring = checkMonitoring() { checks.append(monitoring) }
        checks.append(checkAlarms())
        return DoctorView(checks: checks)
    }

    // MARK: Names

    /// Both halves of the self-test, now (SEC-07).
    private func checkValidation() async -> [DoctorCheckView] {
        let dns = configuration.dns
        guard let written = dns.selfTestSecure else {
            return [
                DoctorCheckView(
                    "resolver", .unknown, "dns.self_test_secure is empty, so nothing is asked",
                    cure: "set it, so that validation can be proved")
            ]
        }
        let status = await resolver.selfTest(
            secure: written == "." ? nil : try? DomainName(written), bogus: dns.selfTestBogus)
        // The end closes the resolver: that is no fault of it, and no alarm for the next start to find.
        if !ground.stopping.isSet {
            validation.set(status)
            tellAlarms(of: status)
        }
        let must = dns.selfTestBogus
        switch status {
        case .validates:
            let fail =
                must.map { DoctorCheckView("must-fail", .ok, "\($0) is refused, as it must be") }
                ?? DoctorCheckView("must-fail", .unknown, "dns.self_test_bogus is empty, so nothing is asked")
            return [
                DoctorCheckView("resolver", .ok, "\(written == "." ? "the root" : written) is answered, and secure"),
                fail,
            ]
        case .doesNotValidate(let why):
            return [
                DoctorCheckView(
                    "resolver", .fault, "DNSSEC is not validated, DANE is without effect: \(why)",
                    cure: "check dns.root_trust_anchor, dns.forward and the clock")
            ]
        case .noNetwork(let why):
            return [
                DoctorCheckView(
                    "resolver", .fault, "names are not found: \(why)",
                    cure: "check the network, a firewall that drops port 53, and dns.forward; mail waits meanwhile")
            ]
        }
    }

    private func checkAnchorFile() -> DoctorCheckView {
        let path = configuration.dns.rootTrustAnchor
        var status = stat()
        guard stat(path, &status) == 0 else {
            return DoctorCheckView(
                "root-trust-anchor", .fault, "\(path) cannot be read",
                cure: "install the Debian package dns-root-data, or set dns.root_trust_anchor")
        }
        let age = max(0, Self.clock().seconds - Int64(status.st_mtim.tv_sec))
        guard age <= Self.oldAnchor else {
            return DoctorCheckView(
                "root-trust-anchor", .warning, "\(path) is \(age.inWords) old",
                cure: "upgrade dns-root-data: when the root changes its keys, nothing validates by an old file")
        }
        return DoctorCheckView("root-trust-anchor", .ok, "\(path) is \(age.inWords) old")
    }

    /// Our own name: its address, the way back, and SPF (CLI-03).
    private func checkName() async -> [DoctorCheckView] {
        async let four = resolver.resolve(Question(hostname, .a))
        async let six = resolver.resolve(Question(hostname, .aaaa))
        async let text = resolver.resolve(Question(hostname, .txt))
        let facts = AddressFacts(reading: await [six, four], loopbackAllowed: true)
        var checks: [DoctorCheckView] = []
        switch facts.lookup {
        case .found:
            checks.append(
                DoctorCheckView(
                    "own-name", .ok,
                    "\(hostname) is at \(facts.addresses.map(\.description).few())"))
            checks.append(await checkWayBack(facts.addresses))
        case .failed(let why):
            checks.append(DoctorCheckView("own-name", .unknown, "\(hostname) cannot be looked up: \(why)"))
        case .absent, .notQueried:
            checks.append(
                DoctorCheckView(
                    "own-name", .warning, "\(hostname), which is said in EHLO, has no address",
                    cure: "publish its address, or set server.hostname: many hosts refuse mail from unknown names"))
        }
        switch SPFSelfCheck(await text) {
        case .published: checks.append(DoctorCheckView("own-spf", .ok, "\(hostname) has one SPF record"))
        case .faulty(let why):
            checks.append(
                DoctorCheckView(
                    "own-spf", .warning, "\(hostname): \(why)",
                    cure: "publish one SPF record for the name, such as \"v=spf1 a -all\": notices are judged by it"))
        case .unknown(let why): checks.append(DoctorCheckView("own-spf", .unknown, "\(hostname): \(why)"))
        }
        return checks
    }

    private func checkWayBack(_ addresses: [IPAddress]) async -> DoctorCheckView {
        var wrong: [String] = []
        var unknown: [String] = []
        for address in addresses.prefix(AlarmMemory.named + 1) {
            guard let name = DomainName(reverseOf: address) else { continue }
            switch ReverseLookup(await resolver.resolve(Question(name, .ptr))) {
            case .names(let names) where names.contains(hostname): break
            case .names(let names): wrong.append("\(address) is called \(names.map(\.text).few())")
            case .absent: wrong.append("\(address) has no name")
            case .failed(let why): unknown.append("\(address): \(why)")
            }
        }
        if !wrong.isEmpty {
            return DoctorCheckView(
                "own-reverse", .warning, wrong.joined(separator: "; "),
                cure: "have who gave you the address set its PTR record to \(hostname)")
        }
        if !unknown.isEmpty { return DoctorCheckView("own-reverse", .unknown, unknown.joined(separator: "; ")) }
        return DoctorCheckView("own-reverse", .ok, "the addresses of \(hostname) lead back to it")
    }

    // MARK: Certificates, keys

    private func checkCertificates() -> [DoctorCheckView] {
        let now = Self.clock()
        let soon = now.advanced(by: configuration.alarm.certificateBefore.components.seconds)
        var checks: [String: DoctorCheckView] = [:]
        for entrance in current.value.settings.entrances {
            guard let file = entrance.listener.certificatePath, let end = entrance.tls?.notAfter else { continue }
            let cure = "renew it, then systemctl reload waxwing"
            checks[file] =
                end <= now
                ? DoctorCheckView("certificate", .fault, "\(file) expired at \(end.rfc3339)", cure: cure)
                : end <= soon
                    ? DoctorCheckView("certificate", .warning, "\(file) ends at \(end.rfc3339)", cure: cure)
                    : DoctorCheckView("certificate", .ok, "\(file) holds until \(end.rfc3339)")
        }
        return checks.sorted { $0.key < $1.key }.map(\.value)
    }

    private func checkKeys() async -> [DoctorCheckView] {
        let now = Self.clock()
        let count = signer.watch.ring.keys.count
        guard count > 0 else { return [] }
        let warnings = await keyWarnings(at: now)
        if warnings.isEmpty { return [DoctorCheckView("dkim", .ok, "\(Humane.count(count, "DKIM key")) may sign")] }
        return warnings.map {
            DoctorCheckView("dkim", .warning, $0, cure: "publish the record that relayctl dkim record prints")
        }
    }
}
