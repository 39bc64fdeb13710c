namespace VlmSharp.Architecture.Tests;

/// <summary>What a rule has found wrong.</summary>
internal static class Faults
{
    /// <summary>Fails with all that is wrong, a line each, in full length.</summary>
    public static void AssertNone(IEnumerable<string> faults)
    {
        string[] lines = [.. faults.Distinct().Order(StringComparer.Ordinal)];
        if (lines.Length > 0) Assert.Fail(string.Join('\n', lines));
    }
}
