import Foundation
import Testing

/// `docs/lessons.md` names the tests behind each line; they must be there.
@Suite("The page of lessons")
struct LessonsTests {
    @Test("each line names files of tests, or scenarios, that are there")
    func files() throws {
        let page = try String(contentsOf: SourceTree.root.appending(path: "docs/lessons.md"), encoding: .utf8)
        let rows = page.components(separatedBy: "\n").filter { $0.hasPrefix("| ") && !$0.hasPrefix("| what ") }
        #expect(rows.count > 40)
        for row in rows {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(cells.count == 3, "\(row)")
            let names = cells.last?.matches(of: /`([^`]+)`/).map { String($0.1) } ?? []
            #expect(!names.isEmpty, "\(row)")
            for name in names {
                let isScenario = name.prefix(while: \.isNumber).count == 2
                let path = isScenario ? "integration/scenarios/\(name).py" : "Tests/\(name).swift"
                #expect(
                    FileManager.default.fileExists(atPath: SourceTree.root.appending(path: path).path),
                    "\(name) is not there: \(row)")
            }
        }
    }
}
