using System.Globalization;

namespace VlmSharp.Evaluation.Boxes;

/// <summary>
/// The order of ids: whole numbers by value, then texts by their characters, so that results do not depend on the order of a file.
/// </summary>
internal sealed class IdOrder : IComparer<string>
{
    public static readonly IdOrder Instance = new();

    public int Compare(string? x, string? y)
    {
        bool isNumber = TryNumber(x, out long a), isOtherNumber = TryNumber(y, out long b);
        if (isNumber != isOtherNumber) return isNumber ? -1 : 1;
        return isNumber && a != b ? a.CompareTo(b) : string.CompareOrdinal(x, y);
    }

    private static bool TryNumber(string? id, out long number) =>
        long.TryParse(id, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
}
