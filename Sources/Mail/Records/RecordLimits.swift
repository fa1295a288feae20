/// How many records of one answer are looked at; the rest is passed over. A zone belongs to a stranger, and each record
/// costs us lookups, connections or digests.
public enum RecordLimits {
    /// MX records, the best preferences.
    public static let mx = 50
    /// TLSA records, usable ones first.
    public static let tlsa = 64
    /// A or AAAA records of one answer.
    public static let addresses = 50
}
