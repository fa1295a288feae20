import Mail

/// `relayctl status` for people.
public enum StatusText {
    public static func render(_ view: StatusView, style: TextStyle) -> String {
        var rows: [(String, String)] = []
        rows.append(("relayd", "\(view.version), up \(Humane.span(view.uptime)), pid \(view.pid)"))
        rows.append(("hostname", view.hostname))
        rows.append(("listening on", view.listeners.isEmpty ? "nothing" : view.listeners.joined(separator: ", ")))
        let store = view.store
        rows.append(("queue", queue(store)))
        rows.append(("store", room(store)))
        rows.append(
            (
                "intake",
                "\(Humane.count(view.intake.connections, "connection")); "
                    + "\(view.intake.acceptedTotal) accepted, \(view.intake.refusedTotal) refused since start"
            ))
        rows.append(
            (
                "delivery",
                "\(Humane.count(view.delivery.connections, "connection")); "
                    + "\(view.delivery.deliveredTotal) delivered, \(view.delivery.deferredTotal) deferred, "
                    + "\(view.delivery.bouncedTotal) bounced since start"
            ))
        rows.append(
            (
                "destinations", "\(view.destinations.active) active, \(view.destinations.backedOff) backed off"
            ))
        let now = WallTime(seconds: view.startedAt).advanced(by: view.uptime)
        rows.append(("resolver", resolver(view.resolver, at: now)))
        if let alarms = view.alarms {
            let rest =
                alarms.standing == 0
                ? "" : ", \(alarms.unacknowledged) of them not acknowledged: see relayctl alarms"
            rows.append(("alarms", "\(alarms.standing) standing\(rest)"))
        }
        let indent = (rows.map(\.0.count).max() ?? 0) + 2
        var text = rows.map { title, value in
            title + String(repeating: " ", count: indent - title.count) + style.wrapped(value, indent: indent) + "\n"
        }.joined()
        for warning in view.warnings {
            text += style.paint("warning: ", .yellow) + style.wrapped(warning, indent: 9) + "\n"
        }
        return text
    }

    private static func queue(_ store: StoreView) -> String {
        guard let messages = store.messages, let recipients = store.recipients else {
            return "not known: the store does not answer"
        }
        var waiting = "\(Humane.count(messages, "message")), \(Humane.count(recipients, "recipient")) waiting"
        if let quarantined = store.quarantined, quarantined > 0 { waiting += ", \(quarantined) quarantined" }
        if let resting = store.resting, resting > 0 { waiting += ", \(resting) resting after a crash" }
        return waiting
    }

    /// What is free of what, and where it ends.
    private static func room(_ store: StoreView) -> String {
        let whole = store.totalBytes.map { " of \(Humane.size($0))" } ?? ""
        let free = store.freeBytes.map { "\(Humane.size($0)) free\(whole)" } ?? "what is free is not known"
        let promised = [
            store.promisedBytes.map { "\(Humane.size($0)) of it promised to mail that is coming in" },
            store.journalBytes.map { "\(Humane.size($0)) more to mail in the journal" },
        ].compactMap(\.self)
        let part = promised.isEmpty ? "" : " (\(promised.joined(separator: ", ")))"
        return "\(store.directory), \(free)\(part); mail is refused below \(Humane.size(store.floor))"
    }

    private static func resolver(_ view: ResolverView, at now: WallTime) -> String {
        var text = view.state
        let since =
            view.failingSince.map {
                let time = WallTime(seconds: $0)
                return " since \(time.rfc3339) (\(Humane.distance(to: time, from: now)))"
            } ?? ""
        switch (view.validates, view.selfTest) {
        case (true?, _): text += ", validates DNSSEC"
        case (false?, _): text += ", DOES NOT VALIDATE\(since): DANE is without effect; relayctl doctor says more"
        case (nil, "no-answer"):
            text += ", FAILS\(since): names are not answered, mail waits; relayctl doctor says more"
        case (nil, "off"): text += ", not tested (dns.self_test_secure is empty)"
        case (nil, _): text += ", not tested yet"
        }
        text += ", \(view.library)"
        if view.unsafe { text += " (faults of this version are known: relayctl doctor says more)" }
        if let detail = view.detail { text += "; \(detail)" }
        return text
    }
}
