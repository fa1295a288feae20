/// Places for connections that do not move while a slot is at work, made when first needed and used again: a connection
/// costs no allocation once as many have stood before.
struct Slots<Element: ~Copyable>: ~Copyable {
    private static var pageSize: Int { 256 }

    private var pages: [UnsafeMutablePointer<Element>] = []
    private var vacant: [Int] = []
    private let make: () -> Element

    init(_ make: @escaping () -> Element) {
        self.make = make
    }

    deinit {
        for page in pages {
            page.deinitialize(count: Self.pageSize)
            page.deallocate()
        }
    }

    /// The element of a slot that `take` gave.
    subscript(slot: Int) -> UnsafeMutablePointer<Element> {
        pages[slot / Self.pageSize] + slot % Self.pageSize
    }

    mutating func take() -> Int {
        if vacant.isEmpty {
            let page = UnsafeMutablePointer<Element>.allocate(capacity: Self.pageSize)
            for place in 0..<Self.pageSize { (page + place).initialize(to: make()) }
            let first = pages.count * Self.pageSize
            pages.append(page)
            vacant.append(contentsOf: (first..<first + Self.pageSize).reversed())
        }
        return vacant.removeLast()
    }

    mutating func giveBack(_ slot: Int) {
        vacant.append(slot)
    }
}
