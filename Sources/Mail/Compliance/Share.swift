/// A part of a whole, for people.
public enum Share {
    /// `60.0%`, in tenths that are cut off, not rounded: "100%" is all of it, and what is there at all is never "0%".
    public static func percent(_ part: Int64, of whole: Int64) -> String {
        guard whole > 0 else { return "-" }
        if part <= 0 { return "0%" }
        if part >= whole { return "100%" }
        // The quotient is below 1,000, since the part is smaller than the whole.
        let tenths = whole.dividingFullWidth(part.multipliedFullWidth(by: 1000)).quotient
        return tenths == 0 ? "<0.1%" : "\(tenths / 10).\(tenths % 10)%"
    }
}
