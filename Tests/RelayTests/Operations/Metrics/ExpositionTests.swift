import Foundation
import Mail
import Testing

@testable import Relay

@Suite("Metrics: the exposition")
struct ExpositionTests {
    @Test(
        "values of labels are escaped so that none ends its string or its line",
        arguments: [
            ("plain", "plain"), ("a\"b", "a\\\"b"), ("a\\b", "a\\\\b"), ("a\nb", "a\\nb"), ("ä}", "ä}"), ("", ""),
        ])
    func labels(value: String, escaped: String) {
        #expect(Exposition.labels([("name", value)]) == "{name=\"\(escaped)\"}")
    }

    @Test(
        "numbers as a scrape reads them",
        arguments: [
            (Double.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (0.25, "0.25"), (3, "3.0"), (1e-5, "1e-05"),
        ])
    func numbers(value: Double, text: String) {
        #expect(value.metricText == text)
    }

    @Test(
        "milliseconds as seconds, exactly",
        arguments: [
            (UInt64(0), "0"), (1, "0.001"), (10, "0.01"), (250, "0.25"), (1000, "1"), (1001, "1.001"), (60_000, "60"),
            (.max, "18446744073709551.615"),
        ])
    func seconds(milliseconds: UInt64, text: String) {
        #expect(HistogramBy<DeliveryStep>.seconds(milliseconds) == text)
    }

    @Test("what is not known is left out, head and all")
    func unknown() throws {
        let scrape = try ScrapeReading(Metrics().text(with: MetricsNumbers()))
        #expect(scrape.types["waxwing_queue_messages"] == nil)
        #expect(scrape.types["waxwing_messages_accepted_total"] == "counter")
        var queue = Exposition()
        QueueGauges(messages: 1, quarantinedMessages: 0, held: 2).append(to: &queue)
        let reading = try ScrapeReading(queue.text)
        #expect(reading.value("waxwing_queue_recipients", ["state": "held"]) == "2")
        #expect(reading.value("waxwing_queue_recipients", ["state": "due"]) == nil)
    }

    @Test("a bound of a histogram is inclusive, its buckets add up, and time that ran backwards is none")
    func histogram() throws {
        let metrics = Metrics()
        for time: Int64 in [-5, 5, 6, 300_000, 300_001, 9_000_000] { metrics.steps.observe(.smtp, milliseconds: time) }
        let scrape = try ScrapeReading.full(metrics)
        func bucket(_ bound: String) -> String? {
            scrape.value("waxwing_delivery_seconds_bucket", ["step": "smtp", "le": bound])
        }
        #expect(bucket("0.005") == "2")
        #expect(bucket("0.01") == "3")
        #expect(bucket("300") == "4")
        #expect(bucket("+Inf") == "6")
        #expect(scrape.value("waxwing_delivery_seconds_count", ["step": "smtp"]) == "6")
        #expect(scrape.value("waxwing_delivery_seconds_sum", ["step": "smtp"]) == "9600.012")
        #expect(scrape.value("waxwing_delivery_seconds_count", ["step": "tls"]) == "0")
    }

    @Test("names as the conventions have them: ours or the process's, counters alone end in _total, base units")
    func conventions() throws {
        let scrape = try ScrapeReading.full()
        #expect(scrape.types.count > 50)
        for (name, type) in scrape.types {
            #expect(name.hasPrefix("waxwing_") || name.hasPrefix("process_"), "\(name)")
            #expect(name.hasSuffix("_total") == (type == "counter"), "\(name)")
            #expect(name.firstMatch(of: /_(ms|milliseconds|minutes|kb|megabytes|octets)(_|$)/) == nil, "\(name)")
        }
    }

    @Test("every series is there from the start, and their number is bounded whatever the mail is")
    func bounded() throws {
        let metrics = Metrics(listeners: ["a"])
        let before = try ScrapeReading.full(metrics).samples.count
        for number in 0..<10_000 {
            metrics.accepted.add("listener-\(number).example")
            metrics.secured.add("TLSv9.\(number)", .encrypted, nil)
            metrics.intakeTLS.add("TLSv9.\(number)")
        }
        let after = try ScrapeReading.full(metrics)
        #expect(after.samples.count == before)
        #expect(before < 700, "\(before)")
        #expect(after.value("waxwing_messages_accepted_total", ["listener": "other"]) == "10000")
        #expect(
            after.value(
                "waxwing_deliveries_total", ["version": "other", "verified": "encrypted", "required_by": "none"])
                == "10000")
        #expect(after.value("waxwing_intake_tls_sessions_total", ["version": "other"]) == "10000")
    }

    @Test("additions from many threads are all there")
    func threads() async {
        let metrics = Metrics()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<10_000 { metrics.opened.add() } }
            }
        }
        #expect(metrics.opened.value == 80_000)
    }

    @Test("a name of a listener that the operator chose cannot break a line")
    func hostileListener() throws {
        let name = "a\"} 1\nwaxwing_forged 1"
        let metrics = Metrics(listeners: [name])
        metrics.accepted.add(name)
        let scrape = try ScrapeReading.full(metrics)
        #expect(scrape.types["waxwing_forged"] == nil)
        #expect(scrape.samples.contains { $0.name == "waxwing_messages_accepted_total" && $0.value == "1" })
    }
}
