import Testing

@testable import Relay

@Suite("Key locator")
struct KeyLocatorTests {
    struct Case: Sendable {
        let text: String
        let path: String
        let key: (Int, Int)
        let value: (Int, Int)
    }

    static let cases: [Case] = [
        Case(text: "a = 1", path: "a", key: (1, 1), value: (1, 5)),
        Case(text: "\n  a=1", path: "a", key: (2, 3), value: (2, 5)),
        Case(text: "[t]\na = 1", path: "t.a", key: (2, 1), value: (2, 5)),
        Case(text: " [ t . u ] # x\na = 1", path: "t.u.a", key: (2, 1), value: (2, 5)),
        Case(text: "[t.u]\n", path: "t", key: (1, 2), value: (1, 2)),
        Case(text: "a.b . c = 1", path: "a.b.c", key: (1, 7), value: (1, 11)),
        Case(text: "a.b.c = 1", path: "a.b", key: (1, 3), value: (1, 3)),
        Case(text: "\"a.b\" = 1", path: "\"a.b\"", key: (1, 1), value: (1, 9)),
        Case(text: "'x y'.z = 1", path: "\"x y\".z", key: (1, 7), value: (1, 11)),
        Case(text: "\"\\u0061\" = 1", path: "a", key: (1, 1), value: (1, 12)),
        Case(text: "t = { a = 1, b = { c = 2 } }", path: "t.b.c", key: (1, 20), value: (1, 24)),
        Case(text: "t = [1, [2, 3]]", path: "t[1][0]", key: (1, 10), value: (1, 10)),
        Case(text: "t = [\n  # x = 1\n  'a', # ]\n  'b'\n]\nu = 1", path: "t[1]", key: (4, 3), value: (4, 3)),
        Case(text: "t = [\n  # x = 1\n  'a', # ]\n  'b'\n]\nu = 1", path: "u", key: (6, 1), value: (6, 5)),
        Case(text: "t = [ { a = 1 }, { a = 2 } ]", path: "t[1].a", key: (1, 20), value: (1, 24)),
        Case(text: "[[t]]\na = 1\n[[t]]\na = 2", path: "t[1].a", key: (4, 1), value: (4, 5)),
        Case(text: "[[t]]\n[t.u]\na = 2", path: "t[0].u.a", key: (3, 1), value: (3, 5)),
        Case(text: "s = \"\"\"\n[x]\ny = 1 \\\"\"\"\" x\"\"\"\nz = 1", path: "z", key: (4, 1), value: (4, 5)),
        Case(text: "s = '''\n''\nq = 1'''\nz = 1", path: "z", key: (4, 1), value: (4, 5)),
        Case(text: "s = \"a # b\" # c = 1\nz = 1", path: "z", key: (2, 1), value: (2, 5)),
        Case(text: "s = \"\\\"\" \nz = 1", path: "z", key: (2, 1), value: (2, 5)),
        Case(text: "é = 1\nz = \"é\"", path: "z", key: (2, 1), value: (2, 5)),
        Case(text: "\u{FEFF}[t]\na = 1", path: "t.a", key: (2, 1), value: (2, 5)),
        Case(text: "\u{FEFF}a = 1", path: "a", key: (1, 1), value: (1, 5)),
        Case(text: "a = 1\r\nz = 1\r\n", path: "z", key: (2, 1), value: (2, 5)),
        Case(text: "d = 2020-01-01 10:00:00\nz = [2020-01-01, 5]", path: "z[1]", key: (2, 18), value: (2, 18)),
    ]

    @Test("each key and value at its line and column", arguments: cases)
    func places(test: Case) {
        let places = KeyLocator.places(in: test.text)
        #expect(places.key(test.path) == TextPlace(line: test.key.0, column: test.key.1), "\(places.entries)")
        #expect(places.value(test.path) == TextPlace(line: test.value.0, column: test.value.1))
    }

    @Test("what stands in strings and comments is no key")
    func hidden() {
        let places = KeyLocator.places(in: "a = \"\"\"\nb = 1\n\"\"\"\n# c = 1\nd = ['e = 1']\n")
        #expect(Set(places.entries.keys) == ["a", "d", "d[0]"])
    }

    @Test("every prefix of a text, and other broken ones, come to an end")
    func broken() {
        for test in Self.cases {
            for count in 0...test.text.count { _ = KeyLocator.places(in: String(test.text.prefix(count))) }
        }
        for text in [
            "[", "[[", "=", "a = [", "a = {", "a={b", "\"", "'''", "a = \"\\", "]]]",
            String(repeating: "[", count: 5000),
        ] {
            _ = KeyLocator.places(in: text)
            _ = KeyLocator.places(in: "a = " + text)
        }
    }
}
