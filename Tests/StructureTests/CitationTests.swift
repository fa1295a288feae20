import Foundation
import Testing

/// Citations have one form, `RFC 8461 §3.2`, and each RFC cited in the sources stands in the index of RFCs.
@Suite("Citations")
struct CitationTests {
    @Test("each RFC cited in Sources has a line with a status in docs/rfcs.md")
    func indexed() throws {
        let index = try String(contentsOf: SourceTree.root.appending(path: "docs/rfcs.md"), encoding: .utf8)
        let indexed = Set(
            index.components(separatedBy: "\n").compactMap { line -> String? in
                guard line.hasPrefix("| ") else { return nil }
                return line.split(separator: "|").first.map { $0.trimmingCharacters(in: .whitespaces) }
            })
        var cited: [String: String] = [:]
        for file in try SourceTree.swiftFiles(in: "Sources") {
            for line in file.lines {
                for match in line.matches(of: /RFC (\d{3,5})/) { cited[String(match.1)] = file.path }
            }
        }
        #expect(cited.count > 10)
        for (number, path) in cited {
            #expect(indexed.contains(number), "RFC \(number), cited in \(path), is missing in docs/rfcs.md")
        }
    }
}
