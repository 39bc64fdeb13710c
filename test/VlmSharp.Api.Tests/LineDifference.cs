namespace VlmSharp.Api.Tests;

/// <summary>
/// The difference of two texts, line by line: lines of the longest common subsequence are kept, the others are marked - or +.
/// </summary>
internal static class LineDifference
{
    public static IReadOnlyList<string> Of(string before, string after)
    {
        string[] a = before.Split('\n'), b = after.Split('\n');
        int[,] common = new int[a.Length + 1, b.Length + 1]; // the lengths for a[i..] and b[j..]
        for (int i = a.Length - 1; i >= 0; i--)
            for (int j = b.Length - 1; j >= 0; j--)
                common[i, j] = a[i] == b[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);

        var changes = new List<string>();
        int x = 0, y = 0;
        while (x < a.Length || y < b.Length)
        {
            if (x < a.Length && y < b.Length && a[x] == b[y]) (x, y) = (x + 1, y + 1);
            else if (y == b.Length || (x < a.Length && common[x + 1, y] >= common[x, y + 1])) changes.Add("- " + a[x++]);
            else changes.Add("+ " + b[y++]);
        }

        return changes;
    }
}
