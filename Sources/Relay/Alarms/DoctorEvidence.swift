import Mail

/// The checks that rest on what deliveries saw: nobody is connected to for them.
extension Service {
    /// Where nothing was met on `delivery.port`: what is seen of a smarthost on another port says nothing of it.
    static func nothingSeen(_ routing: Routing) -> String {
        guard let route = routing.rules.routeOfAll, route.nextHop.port != routing.port else {
            return "not known: no mail was sent lately"
        }
        return
            "not known: nothing was sent to port \(routing.port) lately, for mail goes to \(route.nextHop) by \(route.label)"
    }

    private var nothingSeen: String { Self.nothingSeen(current.value.settings.routing) }

    func checkPort(_ evidence: AlarmWatch.Evidence) -> DoctorCheckView {
        let port = configuration.delivery.port
        switch evidence.findings[.portBlocked] {
        case .fault(let words):
            return DoctorCheckView(
                "port-\(port)", .fault, words,
                cure: "ask your provider to open port \(port) outward, look at your firewall, or send through a "
                    + "smarthost ([[rule]] next_hop)")
        case .well:
            let words = evidence.port.lastConnection.map { " at \($0.rfc3339)" } ?? ""
            return DoctorCheckView("port-\(port)", .ok, "a host took a connection\(words)")
        case .unknown, nil:
            let failed = evidence.port.failed
            return DoctorCheckView(
                "port-\(port)", .unknown,
                failed == 0
                    ? nothingSeen
                    : "no connection stood lately, and \(Humane.count(failed, "address", "addresses")) did not take one: "
                        + "too few to tell")
        }
    }

    func checkStripping(_ evidence: AlarmWatch.Evidence) -> DoctorCheckView {
        if case .fault(let words)? = evidence.findings[.startTLSStripped] {
            return DoctorCheckView(
                "starttls", .fault, words,
                cure:
                    "look for a firewall or proxy that inspects SMTP between this machine and the internet, and end that"
            )
        }
        let (met, clear, lost) = evidence.hosts
        if met == 0 { return DoctorCheckView("starttls", .unknown, nothingSeen) }
        let words = "\(Humane.count(met, "host")) met lately, \(clear) without STARTTLS"
        return lost == 0
            ? DoctorCheckView("starttls", .ok, words)
            : DoctorCheckView(
                "starttls", .warning, "\(words), of which \(lost) should have it",
                cure: "if it is more than these, something near this machine may strip it")
    }

    func checkClock(_ evidence: AlarmWatch.Evidence) -> DoctorCheckView {
        if case .fault(let words)? = evidence.findings[.clockOff] {
            return DoctorCheckView(
                "clock", .fault, words, cure: "set the clock, and let chrony or systemd-timesyncd keep it")
        }
        guard let (offset, peers) = evidence.clock else {
            return DoctorCheckView(
                "clock", .unknown,
                evidence.hosts.met == 0 ? nothingSeen : "not known: no host said lately what time it is")
        }
        let words =
            "\(offset.magnitude) seconds \(offset < 0 ? "behind" : "ahead of") the median of "
            + Humane.count(peers, "unrelated host")
        return peers < configuration.alarm.clockPeers
            ? DoctorCheckView("clock", .unknown, "\(words): too few to tell") : DoctorCheckView("clock", .ok, words)
    }
}
