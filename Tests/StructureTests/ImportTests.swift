import Testing

/// What each target may import: the lines the compiler alone does not defend.
@Suite("Imports")
struct ImportTests {
    static let allowed: [(target: String, imports: Set<String>)] = [
        ("Mail", ["FoundationEssentials"]),
        ("Net", ["CLinux", "Glibc", "Synchronization", "HeapModule", "DequeModule"]),
        ("TLS", ["COpenSSL", "Mail", "Glibc", "Synchronization"]),
        ("DNS", ["CUnbound", "CIDN2", "CLinux", "Mail", "Net", "Glibc", "Synchronization", "DequeModule"]),
        ("Gzip", ["CZlib"]),
        ("HTTPS", ["CCurl", "COpenSSL", "Mail", "Net", "Glibc", "Synchronization"]),
        ("Store", ["CLinux", "CZlib", "GRDB", "Mail", "FoundationEssentials", "Glibc", "Synchronization"]),
    ]

    @Test("each target imports only what its line of the architecture allows", arguments: allowed)
    func imports(target: String, imports: Set<String>) throws {
        let files = try SourceTree.swiftFiles(in: "Sources/\(target)")
        #expect(!files.isEmpty)
        for file in files {
            for module in file.lines.compactMap(Self.importedModule) {
                #expect(imports.contains(module), "\(file) imports \(module)")
            }
        }
    }

    @Test("nothing is built on SwiftNIO, and only Store knows GRDB")
    func strangers() throws {
        for file in try SourceTree.swiftFiles(in: "Sources") {
            for module in file.lines.compactMap(Self.importedModule) {
                #expect(!module.hasPrefix("NIO"), "\(file)")
                #expect(module != "GRDB" || file.path.hasPrefix("Sources/Store/"), "\(file)")
            }
        }
    }

    /// "X" in `import X`, `public import X`, `@preconcurrency import X`, `import struct X.Y`.
    static func importedModule(_ line: String) -> String? {
        let words = line.split(separator: " ")
        guard let index = words.firstIndex(of: "import"), index + 1 < words.count,
            words[..<index].allSatisfy({
                ["public", "package", "internal", "@preconcurrency", "@testable"].contains($0)
            })
        else { return nil }
        let kinds: Set<Substring> = ["struct", "class", "enum", "func", "var", "let", "protocol", "typealias"]
        let name = kinds.contains(words[index + 1]) && index + 2 < words.count ? words[index + 2] : words[index + 1]
        return String(name.prefix { $0 != "." })
    }
}
