namespace VlmSharp.Architecture.Tests;

/// <summary>The violations of a rule.</summary>
internal static class Faults
{
    /// <summary>Fails with all violations, one a line, at full length.</summary>
    public static void AssertNone(IEnumerable<string> faults)
    {
        string[] lines = [.. faults.Distinct().Order(StringComparer.Ordinal)];
        if (lines.Length > 0) Assert.Fail(string.Join('\n', lines));
    }
}
