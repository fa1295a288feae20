import Testing

@Suite("Code rules")
struct CodeRuleTests {
    @Test("no trap is reachable: no try!, no as!, no fatalError, no unfinished work")
    func traps() throws {
        let banned = ["try!", "as! ", "fatalError(", "preconditionFailure(", "TODO", "FIXME"]
        for file in try SourceTree.swiftFiles(in: "Sources") {
            for (index, line) in file.lines.enumerated() where !line.contains("// Not reachable from input:") {
                for word in banned {
                    #expect(!line.contains(word), "\(file):\(index + 1) has \(word)")
                }
            }
        }
    }

    @Test("SEC-01 no name is looked up but through libunbound: no libc resolver anywhere")
    func resolver() throws {
        let banned = ["getaddrinfo", "gethostbyname", "gethostbyaddr", "getnameinfo", "res_query", "res_search"]
        for file in try SourceTree.swiftFiles(in: "Sources") {
            for (index, line) in file.lines.enumerated() {
                for word in banned { #expect(!line.contains(word), "\(file):\(index + 1) has \(word)") }
            }
        }
    }

    @Test("no pattern is searched for by backtracking in what strangers send: no regular expression in Sources")
    func patterns() throws {
        let banned = [
            "Regex", "NSRegularExpression", ".regularExpression", ".firstMatch(", ".wholeMatch(", ".prefixMatch(",
            ".matches(of:", "regcomp", "fnmatch", "#/",
        ]
        func offences(_ line: String) -> [String] {
            // Words of a text or of a comment are none; a literal between slashes stands where a value may begin.
            let code = line.replacing(/"(?:\\.|[^"\\])*"/, with: "\"\"").replacing(/\/\/.*/, with: "")
            return banned.filter(code.contains) + code.matches(of: /[(=:,]\s*\/[^\/*\s]/).map { String($0.output) }
        }
        for file in try SourceTree.swiftFiles(in: "Sources") {
            let text = file.lines.joined(separator: "\n")
            let isSuspect = banned.contains(where: text.contains)
            // A line that ends in a backslash is text; most that have a slash are comments.
            for (index, line) in file.lines.enumerated() where !line.hasSuffix("\\") {
                let start = line.utf8.drop { $0 == UInt8(ascii: " ") }
                guard isSuspect || start.contains(UInt8(ascii: "/")), !start.starts(with: "//".utf8) else { continue }
                #expect(offences(line).isEmpty, "\(file):\(index + 1) has \(offences(line))")
            }
        }
        let tries = ["let a = /x+/", "try Regex(text)", "text.contains(/a/)", "line.firstMatch(of: pattern)"]
        #expect(tries.allSatisfy { !offences($0).isEmpty }, "the search finds them")
    }

    @Test("each @unchecked Sendable and nonisolated(unsafe) stands with its proof")
    func unchecked() throws {
        for file in try SourceTree.swiftFiles(in: "Sources") {
            for (index, line) in file.lines.enumerated() {
                guard line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)"),
                    !line.trimmingPrefix(while: { $0 == " " }).hasPrefix("//")
                else { continue }
                let near = file.lines[max(0, index - 4)...min(file.lines.count - 1, index + 2)]
                #expect(near.contains { $0.contains("//") }, "\(file):\(index + 1) gives no proof")
            }
        }
    }

    @Test(
        "a C function of CLinux that keeps something is called in one Swift file alone: each file has statics of its own"
    )
    func statics() throws {
        let files = try SourceTree.swiftFiles(in: "Sources")
        for functions in [["waxwing_catch_signal"], ["waxwing_watch_crashes", "waxwing_stop_watching_crashes"]] {
            let users = files.filter { file in file.lines.contains { line in functions.contains { line.contains($0) } }
            }
            #expect(users.count == 1, "\(functions): \(users)")
        }
        for function in ["waxwing_crash_note", "waxwing_earlier_actions", "waxwing_signal_socket"] {
            #expect(!files.contains { $0.lines.contains { $0.contains(function) } }, "\(function)")
        }
    }

    @Test("no name without content: no Manager, Handler, Helper, Util, Info, Data")
    func names() throws {
        let banned = ["Manager", "Handler", "Helper", "Util", "Utils", "Info", "Impl", "Base"]
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "actor", "typealias"]
        for file in try SourceTree.swiftFiles(in: "Sources") {
            for line in file.lines {
                let words = line.split(whereSeparator: { " :<({".contains($0) })
                guard let index = words.firstIndex(where: kinds.contains), index + 1 < words.count,
                    words[..<index].allSatisfy({
                        ["public", "private", "final", "package", "fileprivate", "indirect", "internal"].contains($0)
                    })
                else { continue }
                let name = words[index + 1]
                #expect(!banned.contains { name.hasSuffix($0) }, "\(file): \(name)")
            }
        }
    }

    @Test("no file holds two ideas: 450 lines at most")
    func length() throws {
        for file in try SourceTree.swiftFiles(in: "Sources") {
            #expect(file.lines.count <= 450, "\(file) has \(file.lines.count) lines")
        }
    }
}
