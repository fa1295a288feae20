import Testing

@testable import Mail

@Suite("Detectors of faults on this side")
struct DetectorTests {
    static let thresholds = AlarmThresholds(
        window: 600, startTLSHosts: 4, startTLSShare: 0.7, port25Hosts: 3, clockOffset: 300, clockPeers: 3)

    // MARK: STARTTLS

    static func stripping(_ sightings: [HostSighting], at seconds: Int64, limit: Int = 4096) -> AlarmFinding {
        var detector = StartTLSStripping(thresholds: thresholds, limit: limit)
        for sighting in sightings { detector.note(sighting) }
        return detector.finding(at: Sighted.start.advanced(by: seconds))
    }

    static func hosts(_ range: Range<Int>, _ evidence: PeerEvidence, at seconds: Int64) -> [HostSighting] {
        range.map { Sighted.host($0, evidence, at: seconds) }
    }

    @Test(
        "STARTTLS is stripped near us: who must lose it, and how many",
        arguments: [
            (hosts(0..<4, Sighted.secured, at: 0) + hosts(0..<4, Sighted.clear, at: 1000), "fault", "all lost it"),
            (hosts(0..<4, Sighted.secured, at: 0) + hosts(0..<3, Sighted.clear, at: 1000), "unknown", "one too few"),
            (
                hosts(0..<2, Sighted.secured, at: 0) + hosts(0..<4, Sighted.clear, at: 1000), "fault",
                "two lost it, and two new ones have none"
            ),
            (
                hosts(0..<1, Sighted.secured, at: 0) + hosts(0..<9, Sighted.clear, at: 1000), "unknown",
                "one that lost it is one host's affair"
            ),
            (hosts(0..<50, Sighted.clear, at: 1000), "unknown", "none of them ever offered it"),
            (
                (0..<4).map { Sighted.host($0, Sighted.clear, at: 1000, by: $0 % 2 == 0 ? .dane : .mtaSTS) }, "fault",
                "never met before, and their own policies say that they have it"
            ),
            (
                (0..<4).map { Sighted.host($0, Sighted.clear, at: 1000, by: .local) }, "unknown",
                "what we demand says nothing of them"
            ),
            (
                hosts(0..<7, Sighted.secured, at: 0) + hosts(0..<4, Sighted.clear, at: 1000)
                    + hosts(4..<7, Sighted.secured, at: 1000), "unknown",
                "the others have it: 4 of 7 is no share of 0.7"
            ),
            (
                hosts(4..<24, Sighted.clear, at: 0) + hosts(0..<4, Sighted.secured, at: 0)
                    + hosts(4..<24, Sighted.clear, at: 1000) + hosts(0..<4, Sighted.secured, at: 1000), "well",
                "a site that mails many clear hosts"
            ),
            (
                hosts(4..<24, Sighted.clear, at: 0) + hosts(0..<1, Sighted.secured, at: 0)
                    + hosts(4..<24, Sighted.clear, at: 1000) + hosts(0..<1, Sighted.clear, at: 1000), "unknown",
                "the same, and one host lost it"
            ),
            (
                (0..<4).map { Sighted.host($0, Sighted.secured, named: "mx\($0).big.example") }
                    + (0..<4).map { Sighted.host($0, Sighted.clear, at: 1000, named: "mx\($0).big.example") },
                "unknown", "one provider by its name"
            ),
            (
                (0..<4).map { Sighted.host($0, Sighted.secured, address: .v4(0x0A00_0001)) }
                    + (0..<4).map { Sighted.host($0, Sighted.clear, at: 1000, address: .v4(0x0A00_0002)) },
                "unknown", "one provider by its network"
            ),
            (
                (0..<4).map { Sighted.host($0, Sighted.secured, port: 587) }
                    + (0..<4).map { Sighted.host($0, Sighted.clear, at: 1000, port: 587) }, "unknown", "another port"
            ),
            (
                (0..<4).map { Sighted.host($0, Sighted.secured) }
                    + (0..<4).map { Sighted.host($0, nil, at: 1000, contact: .silent) }, "unknown", "nobody greeted"
            ),
        ] as [([HostSighting], String, String)])
    func stripped(sightings: [HostSighting], word: String, why: String) {
        #expect(Self.stripping(sightings, at: 1000).word == word, "\(why)")
    }

    @Test("stripping stands until hosts that lost STARTTLS offer it again")
    func strippingEnds() {
        var detector = StartTLSStripping(thresholds: Self.thresholds)
        func see(_ range: Range<Int>, _ evidence: PeerEvidence, _ seconds: Int64) -> String {
            for sighting in Self.hosts(range, evidence, at: seconds) { detector.note(sighting) }
            return detector.finding(at: Sighted.start.advanced(by: seconds)).word
        }
        #expect(see(0..<4, Sighted.secured, 0) == "well")
        #expect(see(0..<4, Sighted.clear, 1000) == "fault")
        // The window is over, and nobody was tried again: nothing shows that it is gone.
        #expect(see(0..<0, Sighted.clear, 2000) == "unknown")
        // One beside the stripper says nothing of it.
        #expect(see(7..<8, Sighted.secured, 2100) == "unknown")
        #expect(see(0..<1, Sighted.secured, 2200) == "well")
    }

    @Test("after a restart one host that offers STARTTLS says little; half as many as raise it end the alarm")
    func strippingForgotten() {
        #expect(Self.stripping(Self.hosts(0..<1, Sighted.secured, at: 0), at: 0).word == "unknown")
        #expect(Self.stripping(Self.hosts(0..<2, Sighted.secured, at: 0), at: 0).word == "well")
        let kin = (0..<2).map { Sighted.host($0, Sighted.secured, named: "mx\($0).big.example") }
        #expect(Self.stripping(kin, at: 0).word == "unknown")
    }

    @Test("thirty days of offers are remembered, and not one second more")
    func memoryOfOffers() {
        let old = Self.hosts(0..<4, Sighted.secured, at: 0)
        for (seconds, word) in [(AlarmMemory.offers, "fault"), (AlarmMemory.offers + 1, "unknown")] {
            var detector = StartTLSStripping(thresholds: Self.thresholds)
            for sighting in old { detector.note(sighting) }
            _ = detector.finding(at: Sighted.start.advanced(by: seconds))
            for sighting in Self.hosts(0..<4, Sighted.clear, at: seconds) { detector.note(sighting) }
            #expect(detector.finding(at: Sighted.start.advanced(by: seconds)).word == word)
        }
    }

    @Test("memory is bounded: the host seen longest ago goes")
    func bounded() {
        var hosts = RecentHosts<Int>(limit: 16)
        for number in 0..<17 {
            let sighting = Sighted.host(number, at: Int64(number))
            hosts.note(
                HostKey(sighting),
                .init(time: sighting.time, kin: HostKin(sighting.host, sighting.address), seen: number))
            #expect(hosts.entries.count <= 16)
        }
        #expect(hosts.entries.count == 16 && hosts[HostKey(Sighted.host(0))] == nil)
        #expect(hosts[HostKey(Sighted.host(16))] != nil)
    }

    // MARK: Port 25

    @Test(
        "port 25 is blocked where many unrelated hosts were tried and none took a connection",
        arguments: [
            ((0..<3).map { Sighted.host($0, contact: .unreachable) }, "fault", "three of three"),
            ((0..<2).map { Sighted.host($0, contact: .unreachable) }, "unknown", "one too few"),
            (
                (0..<3).map { Sighted.host($0, contact: .unreachable) } + [Sighted.host(9, contact: .silent)], "well",
                "one took a connection, and said nothing"
            ),
            (
                [Sighted.host(9)] + (0..<9).map { Sighted.host($0, contact: .unreachable) }, "well",
                "one did within the window"
            ),
            (
                [Sighted.host(9, at: -601)] + (0..<3).map { Sighted.host($0, contact: .unreachable) }, "fault",
                "none for a whole window"
            ),
            (
                (0..<3).map { Sighted.host($0, contact: .unreachable, cause: .localFailure) }, "unknown",
                "we could not even try"
            ),
            ((0..<3).map { Sighted.host($0, contact: .unreachable, cause: .timedOut) }, "fault", "no answer at all"),
            (
                (0..<9).map { Sighted.host($0, contact: .unreachable, named: "mx\($0).big.example") }, "unknown",
                "one provider is down"
            ),
            ((0..<3).map { Sighted.host($0, at: -601, contact: .unreachable) }, "unknown", "long ago"),
        ] as [([HostSighting], String, String)])
    func blocked(sightings: [HostSighting], word: String, why: String) {
        var detector = PortBlocked(thresholds: Self.thresholds)
        for sighting in sightings { detector.note(sighting) }
        #expect(detector.finding(at: Sighted.start).word == word, "\(why)")
    }

    // MARK: The clock

    static func greetings(_ offsets: [Int64]) -> [HostSighting] {
        offsets.enumerated().map { Sighted.host($0.offset, greeting: $0.element) }
    }

    @Test(
        "the clock is off where the median of many says so",
        arguments: [
            (greetings([301, 301, 301]), "fault", "behind all"),
            (greetings([300, 300, 300]), "well", "at the threshold"),
            (greetings([-9000, -301, -301]), "fault", "ahead"), (greetings([9000, 9000]), "unknown", "too few"),
            (greetings([90_000, 2, 0]), "well", "one host is wrong"),
            (
                (0..<9).map { Sighted.host($0, named: "mx\($0).big.example", greeting: 9000) }
                    + (10..<13).map { Sighted.host($0, greeting: 0) }, "well", "one provider is wrong, at nine hosts"
            ),
            (
                (0..<9).map { Sighted.host($0, Sighted.session(to: -1), named: "mx\($0).big.example") }
                    + (10..<12).map { Sighted.host($0, Sighted.session(to: -1)) }
                    + (20..<24).map { Sighted.host($0, Sighted.secured) }, "well",
                "certificates of one provider, and of two"
            ), ([], "unknown", "nothing seen"),
            ((0..<3).map { Sighted.host($0, Sighted.session(from: 1)) }, "fault", "certificates of the future"),
            ((0..<3).map { Sighted.host($0, Sighted.session(to: -1)) }, "fault", "certificates of the past"),
            (
                (0..<3).map { Sighted.host($0, Sighted.session(to: -1)) }
                    + (3..<6).map { Sighted.host($0, Sighted.secured) }, "well", "half of them are good"
            ),
            (
                (0..<3).map {
                    Sighted.host($0, .handshakeFailed(HandshakeFailure(.verification(.notYetValid), text: "")))
                }, "fault", "refused for it"
            ),
            (
                (0..<3).map { Sighted.host($0, Sighted.session(to: -1, resumed: true)) }, "unknown",
                "a resumed session shows what was looked at before"
            ),
        ] as [([HostSighting], String, String)])
    func clock(sightings: [HostSighting], word: String, why: String) {
        var detector = ClockOffset(thresholds: Self.thresholds)
        for sighting in sightings { detector.note(sighting) }
        #expect(detector.finding(at: Sighted.start).word == word, "\(why)")
    }

    @Test(
        "who is unrelated",
        arguments: [
            (["mx.a.example 192.0.2.1", "mx.b.example 198.51.100.1"], 2, "name and network differ"),
            (["mx1.a.example 192.0.2.1", "mx2.a.example 198.51.100.1"], 1, "the same domain"),
            (["mx.a.example 192.0.2.1", "mx.b.example 192.0.2.200"], 1, "the same /24"),
            (["mx.a.example 2001:db8:1::1", "mx.b.example 2001:db8:1:ffff::1"], 1, "the same /48"),
            (["mx.a.example 2001:db8:1::1", "mx.b.example 2001:db8:2::1"], 2, "another /48"),
            (["mx.a.co.uk 192.0.2.1", "mx.b.co.uk 198.51.100.1"], 2, "below a second level"),
        ] as [([String], Int, String)])
    func unrelated(hosts: [String], count: Int, why: String) throws {
        let kin = try hosts.map { text in
            let words = text.split(separator: " ")
            return HostKin(
                .name(try DomainName(String(words[0]))), try #require(IPAddress(parsing: Array(words[1].utf8))))
        }
        var counted = HostKin.Counted()
        #expect(kin.count { counted.insert($0) } == count, "\(why)")
    }

    // MARK: What it explains

    @Test("a deferral is suspected of exactly the faults that could make it, and the words come off again")
    func suspicion() {
        #expect(AlarmKind.startTLSStripped.mayExplain(.startTLSMissing))
        #expect(AlarmKind.portBlocked.mayExplain(.connectFailed) && AlarmKind.portBlocked.mayExplain(.timedOut))
        #expect(AlarmKind.resolverFails.mayExplain(.dnsTemporary) && AlarmKind.clockOff.mayExplain(.certificateInvalid))
        for kind in AlarmKind.allCases {
            #expect(!kind.mayExplain(.remoteReply) && !kind.mayExplain(.suspended))
            #expect(kind.isLocal == Reason.Cause.allCases.contains(where: kind.mayExplain), "\(kind)")
        }
        let reason = Reason(.startTLSMissing, "mx offers no STARTTLS")
        let suspected = reason.suspecting(.startTLSStripped)
        #expect(suspected.detail.hasSuffix("see relayctl alarms") && suspected.cause == reason.cause)
        #expect(suspected.suspecting(.startTLSStripped) == suspected && suspected.withoutSuspicion == reason)
    }
}
