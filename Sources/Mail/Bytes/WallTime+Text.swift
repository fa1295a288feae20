extension WallTime {
    /// `Sat, 01 Aug 2026 12:00:00 +0000` (RFC 5322 §3.3).
    public var rfc5322: String { "" }

    /// `2026-08-01T12:00:00Z` (RFC 3339 §5.6).
    public var rfc3339: String { "" }
}
