import CCurl
import COpenSSL
import Foundation
import Mail
import Net
import Synchronization
import Testing

@testable import HTTPS

@Suite("HTTPS: many fetches, and their ends")
struct ClientTests {
    @Test("200 fetches with a limit of 8 are 8 at once, never more")
    func limit() async throws {
        let arrived = Gate()
        let current = Peak()
        let server = try TestServer(presenting: [TestPKI.shared.leaf]) { connection in
            current.enter()
            arrived.arrive()
            // The first eight wait for each other: that many there are, if the limit is not lower.
            arrived.block(until: 8)
            current.leave()
            TestServer.policy()(connection)
        }
        let client = try HTTPSClient(transfersLimit: 8, addressShare: 8)
        let request = try HTTPSRequest.to(server)
        let statuses = await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<200 { group.addTask { await client.get(request).response?.status } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.count == 200)
        #expect(statuses.allSatisfy { $0 == 200 })
        #expect(current.highest == 8)
        await client.close()
        server.stop()
    }

    @Test("A cancelled task breaks its transfer off, and no other")
    func cancellation() async throws {
        let arrived = Gate()
        let release = Gate()
        let ended = Gate()
        let server = try TestServer(presenting: [TestPKI.shared.leaf]) { connection in
            if arrived.arrive() == 1 {
                connection.waitForEnd()
                ended.arrive()
            } else {
                release.block(until: 1)
                TestServer.policy()(connection)
            }
        }
        let client = try HTTPSClient()
        let request = try HTTPSRequest.to(server)
        let first = Task { await client.get(request) }
        await arrived.wait(for: 1)
        let second = Task { await client.get(request) }
        await arrived.wait(for: 2)
        first.cancel()
        #expect(await first.value == .failure(.cancelled))
        // Its connection is closed.
        await ended.wait(for: 1)
        release.arrive()
        #expect(await second.value.response?.status == 200)
        await client.close()
        server.stop()
    }

    @Test("A task that waits for a place can be cancelled, and one that is cancelled already starts nothing")
    func cancellationWhileWaiting() async throws {
        let arrived = Gate()
        let release = Gate()
        let server = try TestServer(presenting: [TestPKI.shared.leaf]) { connection in
            arrived.arrive()
            release.block(until: 1)
            TestServer.policy()(connection)
        }
        let client = try HTTPSClient(transfersLimit: 1)
        let request = try HTTPSRequest.to(server)
        let first = Task { await client.get(request) }
        await arrived.wait(for: 1)
        let second = Task { await client.get(request) }
        second.cancel()
        #expect(await second.value == .failure(.cancelled))
        // One without a place comes back in time too.
        #expect(await client.get(try .to(server, timeout: .milliseconds(100))).failure?.kind == .busy)
        release.arrive()
        #expect(await first.value.response?.status == 200)
        #expect(server.connections == 1)
        await client.close()
        server.stop()
    }

    @Test("close() ends transfers under way, those that wait, and all that come later")
    func closing() async throws {
        let arrived = Gate()
        let server = try TestServer(presenting: [TestPKI.shared.leaf]) { connection in
            arrived.arrive()
            connection.waitForEnd()
        }
        let client = try HTTPSClient(transfersLimit: 2)
        let request = try HTTPSRequest.to(server)
        let tasks = (0..<5).map { _ in Task { await client.get(request) } }
        await arrived.wait(for: 2)
        await client.close()
        for task in tasks { #expect(await task.value.failure?.kind == .cancelled) }
        #expect(await client.get(request) == .failure(.closed))
        await client.close()
        // The connections are closed, and no more were made.
        server.waitUntilIdle()
        #expect(server.connections == 2)
        server.stop()
    }

    @Test("A caller on a loop goes on there")
    func onLoop() async throws {
        let server = try TestServer(presenting: [TestPKI.shared.leaf], TestServer.policy())
        let client = try HTTPSClient()
        let loop = try Loop(name: "https-test")
        try loop.start()
        let request = try HTTPSRequest.to(server)
        let (status, isOnLoop) = await loop.run { () async -> (Int?, Bool) in
            let result = await client.get(request)
            return (result.response?.status, loop.isOnThread)
        }
        #expect(status == 200)
        #expect(isOnLoop)
        loop.shutdown()
        await client.close()
        server.stop()
    }

    // In a process of its own: the limit holds for all tests of this one.
    @Test("Without a descriptor to be woken by there is no client: it would sleep through its requests")
    func outOfDescriptors() async {
        await #expect(processExitsWith: .exitCode(0)) {
            // What is loaded or opened once.
            await (try HTTPSClient()).close()
            var limit = rlimit(rlim_cur: 64, rlim_max: 64)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var last = dup(0)
            while case let next = dup(0), next >= 0 { last = next }
            do throws(HTTPSFailure) {
                _ = try HTTPSClient()
                exit(1)
            } catch {
                if error.kind != .ours { exit(2) }
            }
            close(last)
            close(last - 1)
            await (try HTTPSClient()).close()
            exit(0)
        }
    }

    @Test("A client that is dropped ends its thread and its handles")
    func dropped() async {
        await #expect(processExitsWith: .exitCode(0)) {
            do {
                let client = try HTTPSClient()
                _ = await client.get(
                    HTTPSRequest(
                        host: try DomainName("example.com"), path: "/", port: 1, addresses: [loopback], bodyLimit: 1,
                        timeout: .seconds(5)))
            }
            // The thread ends by itself; a test that hangs here has failed.
            while Curl.liveObjects.load(ordering: .acquiring) != 0 { await Task.yield() }
            exit(0)
        }
    }

    @Test("1,000 fetches of all kinds leave no descriptor, no handle and no memory behind")
    func leaks() async {
        await #expect(processExitsWith: .exitCode(0)) {
            guard countBlocks() else { exit(3) }
            let server = try TestServer(presenting: [TestPKI.shared.leaf], TestServer.policy())
            let client = try HTTPSClient(transfersLimit: 16)
            try await allKinds(client, server, rounds: 50)
            server.waitUntilIdle()
            let before = (descriptors: openDescriptors(), blocks: blocks.load(ordering: .acquiring))
            try await allKinds(client, server, rounds: 200)
            server.waitUntilIdle()
            let after = (descriptors: openDescriptors(), blocks: blocks.load(ordering: .acquiring))
            print("descriptors \(before.descriptors), \(after.descriptors); blocks \(before.blocks), \(after.blocks)")
            // One block lost in each fetch of one kind would be 200.
            if after.descriptors != before.descriptors || after.blocks - before.blocks > 100 { exit(1) }
            await client.close()
            server.stop()
            // The client's own: the multi handle.
            if Curl.liveObjects.load(ordering: .acquiring) > 1 { exit(2) }
            exit(0)
        }
    }
}

/// Five fetches in each round: good, too large, untrusted, refused under a name of its own, cancelled.
private func allKinds(_ client: HTTPSClient, _ server: TestServer, rounds: Int) async throws {
    for _ in 0..<rounds {
        let name = "n\(UInt64.random(in: 0 ... .max)).example"
        let requests = [
            try HTTPSRequest.to(server), try .to(server, bodyLimit: 3),
            try .to(server, host: "other.example"), try .to(server, host: name, addresses: [.v4(0x7F00_0009)]),
        ]
        let failures = await withTaskGroup(of: HTTPSFailure.Kind?.self) { group in
            for request in requests { group.addTask { await client.get(request).failure?.kind } }
            let cancelled = Task { await client.get(requests[0]) }
            cancelled.cancel()
            _ = await cancelled.value
            return await group.reduce(into: []) { $0.append($1) }
        }
        guard failures.count == 4, Set(failures) == [nil, .tooLarge, .certificate, .connect] else {
            throw SetUpFailure(what: "\(failures)")
        }
    }
}

/// Blocks that OpenSSL and libcurl have allocated and not freed.
private let blocks = Atomic<Int>(0)

/// Before anything is allocated, else both refuse.
private func countBlocks() -> Bool {
    let isCountingOpenSSL = CRYPTO_set_mem_functions(
        { size, _, _ in
            blocks.add(1, ordering: .relaxed)
            return malloc(size)
        },
        { block, size, _, _ in
            if block == nil { blocks.add(1, ordering: .relaxed) }
            return realloc(block, size)
        },
        { block, _, _ in
            if block != nil { blocks.subtract(1, ordering: .relaxed) }
            free(block)
        })
    let curl = curl_global_init_mem(
        Int(CURL_GLOBAL_DEFAULT),
        { size in
            blocks.add(1, ordering: .relaxed)
            return malloc(size)
        },
        { block in
            if block != nil { blocks.subtract(1, ordering: .relaxed) }
            free(block)
        },
        { block, size in
            if block == nil { blocks.add(1, ordering: .relaxed) }
            return realloc(block, size)
        },
        { text in
            blocks.add(1, ordering: .relaxed)
            return text.flatMap { strdup($0) }
        },
        { count, size in
            blocks.add(1, ordering: .relaxed)
            return calloc(count, size)
        })
    return isCountingOpenSSL == 1 && curl == CURLE_OK
}

private func openDescriptors() -> Int {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? -1
}

/// How many were inside at once.
private final class Peak: @unchecked Sendable {
    // @unchecked Sendable because the stored variables are only touched between `lock` and `unlock`.
    private let lock = NSLock()
    private var count = 0
    private var peak = 0

    func enter() {
        lock.withLock {
            count += 1
            peak = max(peak, count)
        }
    }

    func leave() { lock.withLock { count -= 1 } }

    var highest: Int { lock.withLock { peak } }
}
