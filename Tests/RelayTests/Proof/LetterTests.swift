import Mail
import Testing

@testable import Relay

@Suite("Letters to postmasters") struct LetterTests {
    @Test("each cause has its letter, word for word", arguments: LetterFault.Kind.allCases)
    func golden(kind: LetterFault.Kind) throws {
        let letter = try #require(LetterWorld.letter(try LetterWorld.document(of: kind)))
        #expect(letter.faults.map(\.kind) == [kind])
        #expect("Subject: \(letter.subject)\n\n\(letter.text)" == LetterGoldens.texts[kind])
    }

    @Test("prose keeps to 72 columns; what is to be copied stands on one line", arguments: LetterFault.Kind.allCases)
    func width(kind: LetterFault.Kind) throws {
        let letter = try #require(LetterWorld.letter(try LetterWorld.document(of: kind)))
        for line in letter.text.split(separator: "\n") where !line.hasPrefix("    ") {
            // A digest has no blank to break at.
            #expect(line.count <= LetterPage.width || !line.contains(" "), "\(line)")
        }
        #expect(!letter.text.unicodeScalars.contains { $0 != "\n" && $0.value < 0x20 }, "nothing steers a terminal")
    }

    @Test("commands can be pasted: a hostile name is one word of the shell", arguments: LetterFault.Kind.allCases)
    func commands(kind: LetterFault.Kind) throws {
        var document = try LetterWorld.document(of: kind)
        document.domain = "d.example;reboot"
        document.mtaSTS?.domain = "d.example;reboot"
        for place in document.hosts.indices {
            document.hosts[place].host = "mx$(reboot).example"
            document.hosts[place].tlsa.baseDomain = document.hosts[place].tlsa.baseDomain.map { _ in "`reboot`.example"
            }
        }
        for fault in LetterFault.all(in: document) {
            let commands = fault.commands(for: document)
            #expect(!commands.isEmpty)
            for command in commands {
                // Outside of quotes nothing of it is left.
                let bare = command.split(separator: "'", omittingEmptySubsequences: false).enumerated()
                    .filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined()
                #expect(!bare.contains("reboot"), "\(command)")
            }
        }
    }

    static let good: [(String, @Sendable () throws -> PolicyDocument)] = [
        ("a domain without policies", { try LetterWorld.document() }),
        (
            "unreachable is no broken policy",
            {
                try LetterWorld.document(
                    tlsa: LetterWorld.tlsa(),
                    [
                        PolicyDocument.Attempt(
                            address: "192.0.2.1", verdict: "unreachable", cause: "connect-failed", reason: "refused")
                    ])
            }
        ),
        (
            "nobody demanded what failed",
            { try LetterWorld.document([LetterWorld.refused(.startTLSMissing, "no STARTTLS")]) }
        ),
        (
            "all is well",
            {
                try LetterWorld.document(
                    tlsa: LetterWorld.tlsa(),
                    [PolicyDocument.Attempt(address: "192.0.2.1", verdict: "proceed", verified: "dane")])
            }
        ),
    ]

    @Test("nothing to complain about", arguments: good.indices)
    func nothing(index: Int) throws {
        let (words, make) = Self.good[index]
        #expect(LetterWorld.letter(try make()) == nil, "\(words)")
    }

    @Test("no more than eight faults are told of; the rest is counted")
    func bound() throws {
        var document = try LetterWorld.document(of: .stsHost)
        let host = try #require(document.hosts.first)
        document.hosts = Array(repeating: host, count: LetterFault.limit)
        let eight = try #require(LetterWorld.letter(document)).text
        #expect(eight.contains("8. mx.d.example") && !eight.contains("There is more"))
        document.hosts.append(host)
        let nine = try #require(LetterWorld.letter(document)).text
        #expect(!nine.contains("9. mx.d.example") && nine.contains("1 further fault"))
    }

    @Test("no letter begins while as many as may be are being written")
    func desk() {
        let desk = Desk(places: Desk.letters)
        for _ in 0..<Desk.letters { #expect(desk.begin()) }
        #expect(!desk.begin())
        desk.end()
        #expect(desk.begin())
    }

    @Test("the view holds what stands in the letter, and no other")
    func view() throws {
        let letter = try #require(LetterWorld.letter(try LetterWorld.document(of: .daneMismatch)))
        let view = LetterView(letter)
        #expect(view.to == "postmaster@d.example" && view.waiting == 12)
        #expect(view.faults.first?.kind == "dane-mismatch")
        #expect(
            view.faults.first?.records == ["_25._tcp.mx.d.example. IN TLSA 3 1 1 \(String(repeating: "22", count: 32))"]
        )
        #expect(
            LetterText.render(view).hasPrefix("To: postmaster@d.example\nSubject: Mail to d.example is kept back: "))
    }
}

extension Letter: Equatable {
    static func == (left: Letter, right: Letter) -> Bool { left.text == right.text }
}
