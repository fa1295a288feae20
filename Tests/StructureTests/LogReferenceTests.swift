import Foundation
import Testing

/// `docs/log.md` is what an operator reads at night: it must have every word that the log has.
@Suite("The log reference")
struct LogReferenceTests {
    @Test("every event and every cause stands in docs/log.md")
    func complete() throws {
        let page = try String(contentsOf: SourceTree.root.appending(path: "docs/log.md"), encoding: .utf8)
        var words: Set<String> = []
        for file in try SourceTree.swiftFiles(in: "Sources") {
            for match in file.lines.joined(separator: "\n").matches(of: /(?:LogLine|Self\.line)\("([a-z-]+)"/) {
                words.insert(String(match.1))
            }
        }
        let outcome = try String(
            contentsOf: SourceTree.root.appending(path: "Sources/Mail/Queue/Outcome.swift"), encoding: .utf8)
        let causes = outcome.matches(of: /case \w+ = "([a-z0-9-]+)"/).map { String($0.1) }
        #expect(causes.count > 25 && words.count > 20, "the search finds them")
        words.formUnion(causes)
        let missing = words.filter { !page.contains("`\($0)`") }.sorted()
        #expect(missing.isEmpty, "\(missing)")
    }
}
