import Mail
import Net
import Testing

@testable import DNS

@Suite("The cache of findings")
struct AnswerCacheTests {
    private func at(_ seconds: Double) -> Deadline { Deadline(nanoseconds: UInt64(seconds * 1e9)) }
    private func name(_ number: Int) throws -> Asked { Asked(Question(try DomainName("n\(number).example"), .a)) }
    private func found(_ cache: inout AnswerCache, _ asked: Asked, _ time: Deadline) -> Finding? {
        cache.finding(for: asked, at: time)
    }
    private let good = Finding(.records([[1, 2, 3, 4]]), .secure, timeToLive: 10)

    @Test("SEC-13 A finding lives for its time to live, which shrinks as it lies")
    func ages() throws {
        var cache = AnswerCache()
        cache.insert(good, for: try name(1), at: at(100))
        #expect(found(&cache, try name(1), at(100))?.timeToLive == 10)
        #expect(found(&cache, try name(1), at(104.5))?.timeToLive == 5)
        #expect(found(&cache, try name(1), at(109.9))?.result == good.result)
        #expect(found(&cache, try name(1), at(110)) == nil)
        #expect(cache.count == 0)
    }

    static let kept: [(Finding, Double, String)] = [
        (Finding(.noData, .secure, timeToLive: 60), 60, "NODATA as long as its SOA says"),
        (Finding(.noSuchName, .insecure, timeToLive: 60), 60, "NXDOMAIN too"),
        (Finding(.noData, .secure, timeToLive: 0), 0, "TTL 0 is not kept"),
        (Finding(.failed("x"), .failed, timeToLive: 600), 5, "a failure for 5 seconds"),
        (Finding(.failed("x"), .bogus, timeToLive: 600), 5, "a bogus answer for 5 seconds"),
        (Finding(.failed("x"), .failed, timeToLive: 2), 2, "a failure may be shorter"),
        (Finding(.noData, .secure, timeToLive: .max), 86_400, "nothing longer than a day"),
    ]

    @Test("SEC-13 How long each kind of finding is kept", arguments: kept)
    func lives(_ finding: Finding, _ seconds: Double, _ why: String) throws {
        var cache = AnswerCache()
        cache.insert(finding, for: try name(1), at: at(1))
        if seconds > 0 { #expect(found(&cache, try name(1), at(0.999 + seconds)) != nil) }
        #expect(found(&cache, try name(1), at(1 + seconds)) == nil)
    }

    @Test("The number of findings is bounded, and what is used stays")
    func entries() throws {
        var cache = AnswerCache(entryLimit: 8)
        for number in 0..<100 {
            cache.insert(good, for: try name(number), at: at(1))
            _ = cache.finding(for: try name(0), at: at(1))
            #expect(cache.count <= 8)
        }
        #expect(found(&cache, try name(0), at(1)) != nil)
        #expect(found(&cache, try name(99), at(1)) != nil)
        #expect(found(&cache, try name(50), at(1)) == nil)
    }

    @Test("The octets of findings are bounded")
    func octets() throws {
        var cache = AnswerCache(octetLimit: 100_000)
        let large = Finding(.records([[UInt8](repeating: 0, count: 20_000)]), .secure, timeToLive: 10)
        for number in 0..<50 {
            cache.insert(large, for: try name(number), at: at(1))
            #expect(cache.count <= 4)
        }
        #expect(found(&cache, try name(49), at(1)) != nil)
        let huge = Finding(.records([[UInt8](repeating: 0, count: 60_000)]), .secure, timeToLive: 10)
        cache.insert(huge, for: try name(50), at: at(1))
        #expect(found(&cache, try name(50), at(1)) == nil)
    }

    @Test("A newer finding replaces the older one, and clear forgets all")
    func replaces() throws {
        var cache = AnswerCache()
        cache.insert(good, for: try name(1), at: at(1))
        cache.insert(Finding(.noData, .insecure, timeToLive: 10), for: try name(1), at: at(2))
        #expect(found(&cache, try name(1), at(3))?.result == .noData)
        #expect(cache.count == 1)
        cache.clear()
        #expect(found(&cache, try name(1), at(3)) == nil)
    }

    @Test("Restarts wait twice as long each time, up to 30 s, and a worker that lived starts afresh")
    func restartDelay() {
        var delay = RestartDelay()
        let waits = (0..<11).map { _ in delay.afterDeath(wasReady: true, lived: .seconds(1)) }
        #expect(waits.prefix(4) == [.milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(800)])
        #expect(waits[8] == .milliseconds(25_600))
        #expect(waits.suffix(2) == [.seconds(30), .seconds(30)])
        #expect(delay.afterDeath(wasReady: true, lived: .seconds(59)) == .seconds(30))
        #expect(delay.afterDeath(wasReady: true, lived: .seconds(60)) == .milliseconds(100))
        #expect(delay.failedStarts == 0)
        _ = delay.afterDeath(wasReady: false, lived: .zero)
        _ = delay.afterDeath(wasReady: false, lived: .zero)
        #expect(delay.failedStarts == 2)
        _ = delay.afterDeath(wasReady: true, lived: .zero)
        #expect(delay.failedStarts == 0)
    }
}
