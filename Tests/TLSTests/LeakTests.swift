import COpenSSL
import Glibc
import Mail
import Synchronization
import Testing

@testable import TLS

/// Every object made is freed, on every way out. In a process of its own, since the counters belong to the process.
@Suite struct LeakTests {
    @Test("contexts, sessions, stored sessions and trust stores are back at zero")
    func backAtZero() async {
        await #expect(processExitsWith: .exitCode(0)) {
            do {
                try everyWayOut()
                try webPKIHandshakes(100)
                exit(leftOver() == [0, 0, 0, 0] ? 0 : 1)
            } catch {
                exit(2)
            }
        }
    }

    @Test("OpenSSL itself holds no more memory after the second round than after the first")
    func steadyMemory() async {
        await #expect(processExitsWith: .exitCode(0)) {
            guard countBlocks() else { exit(3) }
            do {
                try everyWayOut()
                let first = blocks.load(ordering: .relaxed)
                try everyWayOut()
                let second = blocks.load(ordering: .relaxed)
                print("OpenSSL's blocks: \(first), \(second)")
                // 450 connections in a round: one block lost in each way out would be 50.
                exit(first > 0 && second - first < 50 ? 0 : 1)
            } catch {
                exit(2)
            }
        }
    }

    @Test("a thousand handshakes with WebPKI, good and bad, leave nothing behind")
    func webPKI() async {
        await #expect(processExitsWith: .exitCode(0)) {
            guard countBlocks() else { exit(3) }
            do {
                try webPKIHandshakes(100)
                let first = blocks.load(ordering: .relaxed)
                try webPKIHandshakes(1000)
                let second = blocks.load(ordering: .relaxed)
                print("OpenSSL's blocks: \(first), \(second)")
                // One block lost in each handshake would be 1,000.
                exit(first > 0 && second - first < 50 ? 0 : 1)
            } catch {
                exit(2)
            }
        }
    }

    @Test("the counters count")
    func counting() async {
        await #expect(processExitsWith: .exitCode(0)) {
            do {
                let context = try ClientContext(.unverified)
                let counted = LiveObjects.contexts.load(ordering: .relaxed)
                exit(counted == 1 && context.verification == .unverified ? 0 : 1)
            } catch {
                exit(2)
            }
        }
    }
}

/// Blocks OpenSSL has allocated and not freed.
private let blocks = Atomic<Int>(0)

/// False where something has been allocated already: OpenSSL refuses then.
private func countBlocks() -> Bool {
    let counting = CRYPTO_set_mem_functions(
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
    return counting == 1
}

/// Handshakes under MTA-STS, every second with a host of another name, every third resumed; a probe's questions.
private func webPKIHandshakes(_ count: Int) throws {
    let pki = try TestPKI.shared()
    let folder = try TemporaryFolder()
    var trust = TrustStores()
    var identities = ClientIdentities()
    let anchors = TrustStore.file(try folder.write(pki.root.pem, to: "root.pem"))
    let identity = ClientIdentity(
        certificateFile: try folder.write(pki.leaf.pem, to: "client.pem"),
        keyFile: try folder.write(pki.leaf.keyPEM, to: "client.key"))
    let server = try ServerContext.presenting([pki.leaf, pki.intermediate])
    SSL_CTX_set_verify(server.owned.pointer, SSL_VERIFY_PEER) { _, _ in 1 }
    // Without one a server that asks for certificates resumes nothing, and fails.
    SSL_CTX_set_session_id_context(server.owned.pointer, "test", 4)
    let contexts = try ClientContexts()
    let cache = SessionCache()
    let records = [try pki.leaf.record(3, 1, 1), try pki.intermediate.record(2, 0, 0)]
    for number in 0..<count {
        let name = try DomainName(number.isMultiple(of: 2) ? "other.example" : "mx.example.com")
        let reference = WebPKIReference(names: [try DomainName("a.example"), name], trust: anchors)
        let requirement = TLSRequirement(
            level: .authenticated, by: .mtaSTS, demands: [[.webPKI]], webPKI: reference, pkix: reference,
            serverName: name, clientIdentity: identity, reason: Explanation("test"))
        let resumption = Resumption(
            cache: cache, host: name, address: .v4(1), port: 25, now: .now, expires: .now.advanced(by: .seconds(60)))
        let pair = try Pair(
            contexts[requirement], requirement, to: server, resumption: number.isMultiple(of: 3) ? resumption : nil,
            trust: trust, identities: identities)
        pair.handshake()
        _ = try pair.server.writeOnce([1])
        _ = try pair.client.readAll()
        _ = pair.client.peerChain()
        _ = pair.client.matches(records)
        _ = records.map { DANECheck.isReadable($0) }
        _ = DANECheck.isReadable(TLSARecord(usage: 3, selector: 0, matchingType: 0, data: [0x30, 1]))
        if number.isMultiple(of: 100) {
            trust = TrustStores()
            identities = ClientIdentities()
            _ = try? trust.load(.file("/nonexistent"))
            _ = try? identities.load(ClientIdentity(certificateFile: folder.path, keyFile: folder.path))
        }
    }
}

private func leftOver() -> [Int] {
    [
        LiveObjects.contexts.load(ordering: .relaxed), LiveObjects.connections.load(ordering: .relaxed),
        LiveObjects.storedSessions.load(ordering: .relaxed), LiveObjects.trustStores.load(ordering: .relaxed),
    ]
}

/// A handshake that succeeds, is resumed, fails, is never ended; sessions and contexts that never come to be.
private func everyWayOut() throws {
    let pki = try TestPKI.shared()
    let contexts = try ClientContexts()
    let server = try ServerContext.presenting([pki.leaf, pki.intermediate])
    let cache = SessionCache()
    let record = try pki.leaf.record(3, 1, 1)
    for number in 0..<50 {
        let resumption = Resumption(
            cache: cache, host: try DomainName("mx\(number % 3).example"), address: .v4(1), port: 25,
            now: .now, expires: .now.advanced(by: .seconds(60)))
        let pair = try Pair(contexts.dane, .dane([record]), to: server, resumption: resumption)
        pair.handshake()
        _ = try pair.server.writeOnce([1])
        _ = try pair.client.readAll()
        let bad = try Pair(contexts.dane, .dane([record.mismatching]), to: server, resumption: resumption)
        bad.handshake()
        let unfinished = try Pair(contexts.unverified, .unverified(), to: server)
        _ = unfinished.client.handshake()
        let sockets = try SocketPair()
        _ = try? TLSSession(client: contexts.unverified, descriptor: sockets.client, requirement: .dane([record]))
        _ = try? TLSSession(
            client: contexts.dane, descriptor: sockets.client,
            requirement: .dane([TLSARecord(usage: 0, selector: 0, matchingType: 1, data: [])]))
        _ = try? ServerContext(certificateFile: "/nonexistent", keyFile: "/nonexistent")
        _ = try? ClientContext(.dane, digestOrder: [7])
        _ = try DANECheck(
            chain: pki.leaf.pem,
            reference: DANEReference(
                baseDomain: DomainName("mx.example.com"), records: [record], referenceIdentifiers: []),
            context: contexts.dane)
    }
}
