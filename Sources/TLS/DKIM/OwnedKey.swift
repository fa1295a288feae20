import COpenSSL
import Synchronization

/// Owns an `EVP_PKEY`.
final class OwnedKey: @unchecked Sendable {
    // @unchecked Sendable because nobody changes the EVP_PKEY after it is made, and each operation has a context of its own.

    let pointer: OpaquePointer

    /// Takes what `make` makes.
    init(_ name: StaticString, _ make: () -> OpaquePointer?) throws(TLSError) {
        pointer = try OpenSSL.make(name, make)
        LiveKeys.count.add(1, ordering: .relaxed)
    }

    deinit {
        EVP_PKEY_free(pointer)
        LiveKeys.count.subtract(1, ordering: .relaxed)
    }
}

/// Keys alive in this process, as their owners count them. A test's teardown finds zero again.
enum LiveKeys {
    static let count = Atomic<Int>(0)
}
