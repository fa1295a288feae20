import COpenSSL
import Synchronization

/// OpenSSL objects alive in this process, as their owners count them. A test's teardown finds zero again.
enum LiveObjects {
    static let contexts = Atomic<Int>(0)
    static let connections = Atomic<Int>(0)
    static let storedSessions = Atomic<Int>(0)
    static let trustStores = Atomic<Int>(0)
}

/// Owns an `SSL_CTX`: it exists before anything that can fail, and frees in `deinit`.
final class OwnedContext {
    let pointer: OpaquePointer

    init(_ method: OpaquePointer?) throws(TLSError) {
        pointer = try OpenSSL.make("SSL_CTX_new") { SSL_CTX_new(method) }
        LiveObjects.contexts.add(1, ordering: .relaxed)
    }

    deinit {
        SSL_CTX_free(pointer)
        LiveObjects.contexts.subtract(1, ordering: .relaxed)
    }
}

/// Owns an `SSL`, which itself holds a reference to its context.
final class OwnedConnection {
    let pointer: OpaquePointer

    init(_ context: OwnedContext) throws(TLSError) {
        pointer = try OpenSSL.make("SSL_new") { SSL_new(context.pointer) }
        LiveObjects.connections.add(1, ordering: .relaxed)
    }

    deinit {
        // The callbacks of the context find their session here; none may be found any more.
        SSL_set_ex_data(pointer, TLSSession.exDataIndex, nil)
        SSL_free(pointer)
        LiveObjects.connections.subtract(1, ordering: .relaxed)
    }
}
