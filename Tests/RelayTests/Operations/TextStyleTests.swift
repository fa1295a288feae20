import Testing

@testable import Relay

@Suite("Text for people")
struct TextStyleTests {
    static let style = TextStyle(width: 60, isColoured: false)

    @Test("a command to copy is never broken, and goes where it fits")
    func commands() {
        let long = "relayctl exception add example.org --allow encrypted --for 2d --until-fixed --reason TEXT"
        #expect(Self.style.wrapped("To see it: relayctl probe a.example") == "To see it: relayctl probe a.example")
        #expect(
            Self.style.wrapped("To let mail go meanwhile, encrypted and without the proof of who: \(long)", indent: 2)
                == "To let mail go meanwhile, encrypted and without the proof\n  of who:\n  \(long)")
    }

    @Test("a command that just fits stays on its line, and one octet more does not")
    func edge() {
        let head = "See"
        let fits = "relayctl " + String(repeating: "x", count: 60 - head.count - 2 - 9)
        #expect(Self.style.wrapped("\(head): \(fits)") == "\(head): \(fits)")
        #expect(Self.style.wrapped("\(head): \(fits)x") == "\(head):\n\(fits)x")
    }
}
