/// Octets as a source of choices, so that whoever changes them changes what happens.
public struct Draw {
    public private(set) var rest: ArraySlice<UInt8>

    public init(_ octets: [UInt8]) {
        rest = octets[...]
    }

    public var isEmpty: Bool { rest.isEmpty }

    /// 0 where none is left.
    public mutating func octet() -> UInt8 { rest.popFirst() ?? 0 }

    public mutating func number(below bound: Int) -> Int { Int(octet()) % max(1, bound) }

    public mutating func one<Element>(of choices: [Element]) -> Element? {
        choices.isEmpty ? nil : choices[number(below: choices.count)]
    }

    /// Up to the next LF, which is left out.
    public mutating func line() -> [UInt8] {
        let line = Array(rest.prefix { $0 != 0x0A })
        rest = rest.dropFirst(line.count + 1)
        return line
    }

    /// Octets that are no UTF-8 become U+FFFD.
    public mutating func text() -> String { String(decoding: line(), as: UTF8.self) }

    public mutating func all() -> [UInt8] {
        defer { rest = [] }
        return Array(rest)
    }

    /// The next octets, as many as there are.
    public mutating func octets(_ count: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
}

extension String {
    /// Whether it holds a character that ends a line or steers a terminal.
    public var hasControls: Bool { unicodeScalars.contains { $0.properties.generalCategory == .control } }
}
