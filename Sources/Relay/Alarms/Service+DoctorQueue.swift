import DNS
import Glibc
import Mail
import Store
import TLS

/// The checks of `relayctl doctor` that are about the daemon itself: queue, policies, limits.
extension Service {
    /// Mail that has been due for longer waits for more than its turn.
    private static let longDue: Int64 = 900

    func checkStore() async -> [DoctorCheckView] {
        var checks: [DoctorCheckView] = []
        let terms = configuration.store
        let cure = "free space on the disk of \(terms.directory), or lower store.minimum_free"
        let space = await space()
        if !space.isLate, let free = space.value {
            let floor = UInt64(clamping: terms.minimumFree)
            let words = "\(Humane.size(Int64(clamping: free.bytes))) free, the floor is \(Humane.size(Int64(floor)))"
            checks.append(
                free.bytes <= floor
                    ? DoctorCheckView("disk-space", .fault, "\(words): mail is refused with 452", cure: cure)
                    : store.writeFault != nil
                        ? DoctorCheckView(
                            "disk-space", .fault, "\(words), but nothing can be written there", cure: writingCure)
                        : free.bytes / 2 < floor
                            ? DoctorCheckView("disk-space", .warning, words, cure: cure)
                            : DoctorCheckView("disk-space", .ok, words))
            if let inodes = free.inodes {
                let floor = UInt64(clamping: terms.minimumFreeInodes)
                checks.append(
                    inodes < floor
                        ? DoctorCheckView(
                            "disk-inodes", .fault, "\(inodes) files still fit, the floor is \(floor)",
                            cure: "remove files from the disk of \(terms.directory)")
                        : DoctorCheckView("disk-inodes", .ok, "\(Humane.number(inodes)) files still fit"))
            }
        } else {
            checks.append(
                DoctorCheckView(
                    "disk-space", .fault, "the store does not answer",
                    cure: "look for faults of the disk of \(terms.directory) (dmesg); a restart cannot read it either"))
        }
        checks.append(checkWriting())
        checks.append(await checkQueue())
        return checks
    }

    /// What was accepted or delivered, and cannot be written down: nothing else goes on until it is.
    private func checkWriting() -> DoctorCheckView {
        let directory = configuration.store.directory
        let cure =
            "free space on the disk of \(directory), or look for its faults (dmesg); do not restart before it takes them"
        let troubles = [writingTrouble, unsettledTrouble, hangingTrouble, journalTrouble].compactMap(\.self)
        if !troubles.isEmpty {
            return DoctorCheckView(
                "store-writing", .fault, troubles.joined(separator: "; "),
                cure: store.writeFault == nil ? cure : writingCure)
        }
        return DoctorCheckView("store-writing", .ok, "what is accepted and delivered is written down")
    }

    func checkQueue() async -> DoctorCheckView {
        let now = Self.clock()
        let (counted, turned) = (await counts(), await turn())
        guard !counted.isLate, !turned.isLate, let counts = counted.value, let turn = turned.value else {
            return DoctorCheckView(
                "queue", .fault, "the queue could not be counted in time",
                cure: "look for faults of its disk (dmesg), and ask again")
        }
        if counts.quarantinedMessages > 0 {
            return DoctorCheckView(
                "queue", .warning, "\(Humane.count(counts.quarantinedMessages, "damaged message")) in quarantine",
                cure: "relayctl queue --state quarantined shows them; look after the disk")
        }
        let waiting = Humane.tally(counts.messages, "message")
        if let stuck = turn.stuck {
            let name = ShellWord.quoted(stuck.name)
            return DoctorCheckView(
                "queue", .warning,
                "\(waiting), and \(Humane.tally(stuck.due, "recipient")) at \(stuck.name) have been due for "
                    + "\(stuck.seconds.inWords), though it is ready and nothing is under way there",
                cure: "relayctl queue retry --destination \(name) has it looked at now; where it waits on, see the log")
        }
        if let first = turn.firstDue, now.seconds - first.seconds > Self.longDue {
            return DoctorCheckView(
                "queue", .warning, "\(waiting), and some have been due for \((now.seconds - first.seconds).inWords)",
                cure: "relayctl destinations shows what waits for its turn, a limit or a host that is down; "
                    + "relayctl queue retry --destination NAME tries it now")
        }
        return DoctorCheckView("queue", .ok, "\(waiting); nothing waits for its turn for long")
    }

    // MARK: Policies, limits

    func checkFetching() async -> [DoctorCheckView] {
        var checks: [DoctorCheckView] = []
        if configuration.sts.enabled, let why = await policies.prevention {
            checks.append(
                DoctorCheckView(
                    "mta-sts", .fault, "MTA-STS policies cannot be fetched: \(why)",
                    cure: "check that this machine reaches port 443, and its trust anchors"))
        } else {
            checks.append(DoctorCheckView("mta-sts", .ok, "nothing on this side keeps policies from being fetched"))
        }
        if let missing = ServiceParts.missingAnchors(configuration, current.value.settings.trust) {
            checks.append(DoctorCheckView("trust-anchors", .fault, missing, cure: ServiceParts.anchorsCure))
        } else {
            checks.append(DoctorCheckView("trust-anchors", .ok, "certification authorities are there"))
        }
        return checks
    }

    func checkDescriptors() -> DoctorCheckView {
        let written = current.value.settings.written
        let (limit, needed) = (Descriptors.raised().limit, Descriptors.needed(written))
        guard needed <= limit else {
            return DoctorCheckView(
                "descriptors", .warning,
                "\(limit) may be open, \(needed) could be needed: limits of connections are lower",
                cure: "raise LimitNOFILE= of the unit")
        }
        return DoctorCheckView("descriptors", .ok, "\(needed) could be needed, which may be open")
    }

    func checkAlarms() -> DoctorCheckView {
        let standing = ground.alarms.standing
        let open = standing.filter { $0.acknowledgedAt == nil }
        if open.isEmpty {
            return DoctorCheckView(
                "alarms", .ok,
                standing.isEmpty ? "none stands" : "\(standing.count) standing, and acknowledged")
        }
        return DoctorCheckView(
            "alarms", .warning,
            "\(Humane.count(open.count, "alarm")) not acknowledged: "
                + open.map { [$0.kind.rawValue, $0.subject].filter { !$0.isEmpty }.joined(separator: " ") }.few(),
            cure: "see relayctl alarms")
    }
}
