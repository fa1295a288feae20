import COpenSSL
import Synchronization

/// Whether the server ended its connection by close_notify (RFC 8446 §6.1).
///
/// libcurl takes the bare end of a connection for the end of a body that has no length: anybody on the way could cut it.
/// Belongs to the thread of the engine.
final class CloseNotice {
    private(set) var wasSeen = false

    init() {
        Curl.liveObjects.add(1, ordering: .relaxed)
    }

    deinit {
        Curl.liveObjects.subtract(1, ordering: .relaxed)
    }

    /// Its place in each `SSL_CTX`; -1 where OpenSSL has none to give. A context that goes releases its notice: some
    /// versions of libcurl close connections after the transfer.
    private static let index = CRYPTO_get_ex_new_index(
        CRYPTO_EX_INDEX_SSL_CTX, 0, nil, nil, nil,
        { _, notice, _, _, _, _ in
            if let notice { Unmanaged<CloseNotice>.fromOpaque(notice).release() }
        })

    /// Watches the connections of the context; false where OpenSSL refuses.
    func watch(_ context: OpaquePointer) -> Bool {
        guard Self.index >= 0, SSL_CTX_get_ex_data(context, Self.index) == nil else { return false }
        let this = Unmanaged.passRetained(self)
        guard SSL_CTX_set_ex_data(context, Self.index, this.toOpaque()) == 1 else {
            this.release()
            return false
        }
        SSL_CTX_set_info_callback(context) { ssl, event, value in
            // The low octet of the value is the alert's description; 0 is close_notify.
            guard event == SSL_CB_READ_ALERT, value & 0xFF == SSL3_AD_CLOSE_NOTIFY,
                let notice = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), CloseNotice.index)
            else { return }
            Unmanaged<CloseNotice>.fromOpaque(notice).takeUnretainedValue().wasSeen = true
        }
        return true
    }
}
