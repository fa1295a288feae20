import Testing

@testable import Mail

@Suite struct PhaseTimesTests {
    @Test("Times are read as they are written")
    func roundTrip() {
        var times = PhaseTimes()
        for (place, phase) in Phase.allCases.enumerated() { times[phase] = Int64(place * 7) }
        #expect(PhaseTimes(times.description) == times)
        times.isResumed = true
        #expect(PhaseTimes(times.description) == times)
        #expect(times.description.contains("r/"))
        #expect(PhaseTimes("12/30/4r/3/8/15/2/120")?.inFour == "12/30/4/148")
        #expect(PhaseTimes("12/30/4/3/8/15/2/120")?[.finalReply] == 120)
    }

    @Test(
        "What is no list of times is none",
        arguments: [
            "", "1/2/3/4", "1/2/3/4/5/6/7", "1/2/3/4/5/6/7/8/9", "1/2/3/4/5/6/7/", "1/2/r/4/5/6/7/8",
            "1r/2/3/4/5/6/7/8",
            "1/2/3rr/4/5/6/7/8", "-1/2/3/4/5/6/7/8", "1/2/3/4/5/6/7/99999999999999999999",
        ])
    func bad(text: String) { #expect(PhaseTimes(text) == nil) }

    @Test("No time is negative")
    func negative() {
        var times = PhaseTimes()
        times[.tls] = -1
        #expect(times[.tls] == 0)
    }

    @Test("A key is base32 of ten octets (RFC 4648 §10)")
    func keys() {
        #expect(DocumentKey.text(of: Array("foobafooba".utf8)) == "mzxw6ytbmzxw6ytb")
        #expect(DocumentKey.text(of: Array("foobafoobaXYZ".utf8)) == "mzxw6ytbmzxw6ytb")
        #expect(DocumentKey.text(of: [UInt8](repeating: 0, count: 9)) == nil)
    }
}
