import Glibc
import Mail
import Testing

@testable import Store

@Suite struct ContentTests {
    private static func pattern(_ count: Int, from start: Int = 0) -> [UInt8] {
        (start..<start + count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    }

    @Test(
        "Content up to 256 KiB lies in the database, one octet more in a file",
        arguments: [
            (0, false), (1, false), (256 * 1024, false), (256 * 1024 + 1, true), (1_000_000, true),
        ])
    func border(size: Int, isSpooled: Bool) async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let id = Fixture.id()
        let content = Self.pattern(size)
        let writer = store.contentWriter(for: id)
        for start in stride(from: 0, to: size, by: 5000) {
            try await writer.append(content[start..<min(size, start + 5000)])
        }
        #expect(writer.size == size)
        let finished = try await writer.finish()
        #expect(finished.size == size)
        let queued = try await store.enqueue([Fixture.message(id, content: finished)])[0]
        #expect(queued.message.isSpooled == isSpooled)
        #expect(fixture.files(in: "spool") == (isSpooled ? [id.text] : []))
        #expect(difference(try await store.bytes(of: queued.message), content) == nil)
        await store.close()
        let again = try fixture.open()
        let stored = try #require(try await again.message(queued.message.number))
        #expect(difference(try await again.bytes(of: stored), content) == nil)
        await again.close()
    }

    @Test("Content from memory above the limit is refused")
    func inlineLimit() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        _ = try await store.enqueue([Fixture.message(size: QueueLimits.inlineContent)])
        await #expect(throws: StoreError.self) {
            try await store.enqueue([Fixture.message(size: QueueLimits.inlineContent + 1)])
        }
        await store.close()
    }

    @Test("100 MB stream through without staying in memory")
    func large() async throws {
        // In a process of its own: other tests would be measured too.
        await #expect(processExitsWith: .exitCode(0)) {
            let (total, growth) = try await ContentTests.streamLargeContent()
            exit(total == 1600 * 64 * 1024 && growth < 30_000_000 ? 0 : 1)
        }
    }

    /// Octets read back, and by how much the process grew meanwhile.
    private static func streamLargeContent() async throws -> (total: Int, growth: Int) {
        let fixture = try Fixture()
        let store = try fixture.open()
        let id = Fixture.id()
        let block = Self.pattern(64 * 1024)
        let before = residentBytes()
        var most = before
        let writer = store.contentWriter(for: id)
        for _ in 0..<1600 {
            try await writer.append(block)
            most = max(most, residentBytes())
        }
        let queued = try await store.enqueue([Fixture.message(id, content: try await writer.finish())])[0]
        let reader = try await store.content(of: queued.message)
        var total = 0
        while let chunk = try await reader.next() {
            total += chunk.count
            most = max(most, residentBytes())
        }
        await store.close()
        return (total, most - before)
    }

    private static func residentBytes() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, 128, file) != nil else { return 0 }
        let fields = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).split(
            separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * 4096
    }

    @Test("SRV-26 A writer that is dropped leaves no file; nor does content that is not queued")
    func dropped() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let (cut, refused, taken) = (Fixture.id(), Fixture.id(), Fixture.id())
        _ = try await store.enqueue([Fixture.message(taken)])
        do {
            let writer = store.contentWriter(for: cut)
            try await writer.append(Self.pattern(400_000))
            #expect(fixture.files(in: "spool") == [cut.text])
            let second = store.contentWriter(for: refused)
            try await second.append(Self.pattern(400_000))
            let content = try await second.finish()
            await #expect(throws: StoreError.duplicate(taken)) {
                try await store.enqueue([Fixture.message(taken, content: content)])
            }
        }
        await store.close()
        #expect(fixture.files(in: "spool") == [])
    }

    @Test("An id whose file is there already is refused, and that file stays")
    func existingFile() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let id = Fixture.id()
        let writer = store.contentWriter(for: id)
        try await writer.append(Self.pattern(300_000))
        let second = store.contentWriter(for: id)
        await #expect(throws: StoreError.self) { try await second.append(Self.pattern(300_000)) }
        await #expect(throws: StoreError.self) { try await second.append([1]) }
        await #expect(throws: StoreError.self) { try await second.finish() }
        let queued = try await store.enqueue([Fixture.message(id, content: try await writer.finish())])[0]
        #expect(try await store.bytes(of: queued.message).count == 300_000)
        await store.close()
    }

    @Test("A content file is removed after the commit that deletes its message, not before")
    func unlinkedAfterCommit() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let id = Fixture.id()
        let writer = store.contentWriter(for: id)
        try await writer.append(Self.pattern(300_000))
        let queued = try await store.enqueue([Fixture.message(id, content: try await writer.finish())])[0]
        fixture.disk.failWALSync()
        await #expect(throws: StoreError.self) { try await store.settle(queued) }
        #expect(try await store.bytes(of: queued.message).count == 300_000)
        try await store.settle(queued)
        await store.close()
        #expect(fixture.files(in: "spool") == [])
    }

    @Test("Q-06 Files without a row are set aside at start, kept for days, then removed")
    func setAside() async throws {
        let fixture = try Fixture()
        await (try fixture.open()).close()
        let id = Fixture.id()
        try fixture.write([1, 2, 3], to: "spool/\(id)")
        try fixture.write([1], to: "spool/something else.tmp")
        do {
            let store = try fixture.open()
            #expect(store.openingReport.filesSetAside == 2)
            await store.close()
        }
        #expect(fixture.files(in: "spool") == [])
        let seconds = Fixture.start.seconds
        #expect(fixture.files(in: "spool/aside") == ["\(id).\(seconds)", "something else.tmp.\(seconds)"].sorted())
        let limit = Fixture.start.advanced(by: Spool.asideDays * 86_400)
        await (try fixture.open(now: limit)).close()
        #expect(fixture.files(in: "spool/aside").count == 2)
        await (try fixture.open(now: limit.advanced(by: 1))).close()
        #expect(fixture.files(in: "spool/aside").isEmpty)
    }

    @Test("A crash between file and row: the file is set aside, the queue is as it was")
    func crashBeforeRow() async throws {
        let fixture = try Fixture()
        let (id, queuedID) = (Fixture.id(), Fixture.id())
        do {
            let store = try fixture.open()
            let kept = store.contentWriter(for: queuedID)
            try await kept.append(Self.pattern(300_000))
            _ = try await store.enqueue([Fixture.message(queuedID, content: try await kept.finish())])
            await store.close()
        }
        try fixture.write(Self.pattern(300_000), to: "spool/\(id)")
        let store = try fixture.open()
        #expect(store.openingReport.filesSetAside == 1)
        #expect(store.openingReport.messagesQuarantined == 0)
        #expect(try await store.ids() == [queuedID])
        #expect(fixture.files(in: "spool") == [queuedID.text])
        await store.close()
    }

    @Test(
        "A row without its file, or with another length, is quarantined, never a crash, never sent short",
        arguments: [
            "missing", "short", "long", "link",
        ])
    func damagedFile(how: String) async throws {
        let fixture = try Fixture()
        let (id, healthy) = (Fixture.id(), Fixture.id())
        let file = "\(fixture.path)/spool/\(id)"
        do {
            let store = try fixture.open()
            let writer = store.contentWriter(for: id)
            try await writer.append(Self.pattern(300_000))
            let queued = try await store.enqueue([
                Fixture.message(id, content: try await writer.finish()), Fixture.message(healthy),
            ])[0]
            switch how {
            case "missing": unlink(file)
            case "short": truncate(file, 299_999)
            case "long": truncate(file, 300_001)
            default:
                rename(file, fixture.parent + "/elsewhere")
                symlink(fixture.parent + "/elsewhere", file)
            }
            await #expect { try await store.bytes(of: queued.message) } throws: { error in
                if case StoreError.damaged = error { true } else { false }
            }
        }
        let store = try fixture.open()
        #expect(store.openingReport.messagesQuarantined == 1)
        #expect(store.openingReport.quarantined.map(\.id) == [id])
        #expect(try await store.show(id)?.message.quarantined?.contains(id.text) == true)
        let due = try await store.due(before: Fixture.start, after: nil, excluding: DueExclusion(), limit: 10)
        #expect(due.map(\.id) == [healthy])
        await store.close()
    }

    @Test("A file that shrinks while it is read ends in an error, not early")
    func shrinking() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let id = Fixture.id()
        let writer = store.contentWriter(for: id)
        try await writer.append(Self.pattern(300_000))
        let queued = try await store.enqueue([Fixture.message(id, content: try await writer.finish())])[0]
        let reader = try await store.content(of: queued.message)
        #expect(try await reader.next()?.count == ContentReader.chunk)
        truncate("\(fixture.path)/spool/\(id)", 100_000)
        await #expect(throws: StoreError.self) { while try await reader.next() != nil {} }
        await store.close()
    }

    @Test("Free space is that of the store's disk")
    func freeSpace() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let space = try await store.freeSpace()
        #expect(space.bytes > 0 && space.bytes <= space.totalBytes)
        await store.close()
    }

    @Test("Inodes are counted where the file system counts them, and unknown where it does not")
    func inodes() throws {
        let counted = try FreeSpaceCache().measure("/dev/shm", at: 0).get()
        #expect(try #require(counted.inodes) <= #require(counted.totalInodes))
        // Like btrfs it answers 0 for all of them.
        let uncounted = try FreeSpaceCache().measure("/proc", at: 0).get()
        #expect(uncounted.inodes == nil && uncounted.totalInodes == nil)
    }

    @Test("Free space is measured again after a second, not before")
    func freeSpaceCache() throws {
        let cache = FreeSpaceCache()
        #expect(cache.fresh(at: 5) == nil)
        let space = try cache.measure("/", at: 5).get()
        #expect(cache.fresh(at: 5 + 999_999_999) == space)
        #expect(cache.fresh(at: 5 + 1_000_000_000) == nil)
        #expect(throws: StoreError.self) { try cache.measure("/nonexistent", at: 5).get() }
    }
}
