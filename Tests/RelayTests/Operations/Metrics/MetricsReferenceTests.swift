import Foundation
import Mail
import Testing

@testable import Relay

/// A name in a rule or a panel that the daemon does not export is an alert that never fires.
@Suite("Metrics: the page, the rules, the dashboard")
struct MetricsReferenceTests {
    static func text(_ path: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    static func names(in text: String) -> Set<String> {
        Set(text.matches(of: /\b(?:waxwing|process)_[a-z_]+/).map { String($0.0) })
    }

    @Test(
        "every name in the files is one that the daemon exports",
        arguments: ["docs/metrics.md", "conf/prometheus-alerts.yml", "conf/grafana-dashboard.json"])
    func exported(path: String) throws {
        let scrape = try ScrapeReading.full()
        let names = Self.names(in: try Self.text(path))
        #expect(names.count > 15)
        let unknown = names.filter { scrape.types[$0] == nil && scrape.family(of: $0) == nil }.sorted()
        #expect(unknown.isEmpty, "\(unknown)")
    }

    @Test("every name that the daemon exports stands in docs/metrics.md")
    func described() throws {
        let names = Self.names(in: try Self.text("docs/metrics.md"))
        let missing = try ScrapeReading.full().types.keys.filter { !names.contains($0) }.sorted()
        #expect(missing.isEmpty, "\(missing)")
    }

    @Test(
        "every label and every value of a label in the rules and panels is one that the daemon has",
        arguments: ["conf/prometheus-alerts.yml", "conf/grafana-dashboard.json"])
    func labels(path: String) throws {
        let scrape = try ScrapeReading.full()
        let text = try Self.text(path).replacing("\\\"", with: "\"")
        var checked = 0
        for selector in text.matches(of: /((?:waxwing|process)_[a-z_]+)\{([^}]*)\}/) {
            let name = String(selector.1)
            for condition in selector.2.matches(of: /([a-z_]+)(=~|!=|!~|=)"([^"]*)"/) {
                let label = String(condition.1)
                // The server's own labels, and the buckets' bounds.
                if ["job", "instance"].contains(label) { continue }
                let words = scrape.words(name, label)
                for word in condition.3.split(separator: "|") {
                    #expect(words.contains(String(word)), "\(name) has no \(label)=\"\(word)\"")
                    checked += 1
                }
            }
        }
        #expect(checked > 5)
    }

    @Test("the alert on TLS policy names exactly the causes that hold mail back by policy")
    func policyCauses() throws {
        let rules = try Self.text("conf/prometheus-alerts.yml")
        let list = try #require(rules.firstMatch(of: /cause=~"([^"]*)"/)).1
        let causes = Set(Reason.Cause.allCases.filter(\.isTLSPolicy).map(\.rawValue))
        #expect(Set(list.split(separator: "|").map(String.init)) == causes)
    }

    @Test("every rule has a for, a severity, a summary and the heading of its name in docs/operating.md")
    func rules() throws {
        let blocks = try Self.text("conf/prometheus-alerts.yml").components(separatedBy: "- alert: ").dropFirst()
        #expect(blocks.count > 15)
        for block in blocks {
            let name = String(block.prefix { $0 != "\n" })
            #expect(name.wholeMatch(of: /Waxwing[A-Za-z]+/) != nil, "\(name)")
            #expect(block.contains("\n        for: "), "\(name)")
            #expect(block.firstMatch(of: /severity: (critical|warning|info)/) != nil, "\(name)")
            #expect(block.contains("summary: "), "\(name)")
            #expect(block.contains("runbook: \"docs/operating.md#\(name.lowercased())\""), "\(name)")
        }
    }

    @Test("the dashboard is JSON that Grafana imports: panels with queries, each with an id of its own")
    func dashboard() throws {
        let board = try #require(
            JSONSerialization.jsonObject(with: Data(try Self.text("conf/grafana-dashboard.json").utf8))
                as? [String: Any])
        let panels = try #require(board["panels"] as? [[String: Any]])
        #expect(panels.count > 20 && board["title"] as? String == "Waxwing" && board["schemaVersion"] is Int)
        let ids = panels.compactMap { $0["id"] as? Int }
        #expect(Set(ids).count == panels.count)
        for panel in panels where panel["type"] as? String != "row" {
            let targets = panel["targets"] as? [[String: Any]] ?? []
            #expect(!targets.isEmpty && targets.allSatisfy { ($0["expr"] as? String)?.isEmpty == false })
        }
    }
}
