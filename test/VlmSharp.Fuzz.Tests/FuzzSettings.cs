using System.Globalization;

namespace VlmSharp.Fuzz.Tests;

/// <summary>How much is tried: little in the suite, as much as the environment says otherwise.</summary>
/// <param name="First">The first iteration.</param>
/// <param name="Iterations">Most iterations of a format.</param>
/// <param name="Time">After this a format ends, once <see cref="LeastIterations"/> are done.</param>
/// <param name="OnlyFormat">The one format to try, or null.</param>
internal sealed record FuzzSettings(long First, long Iterations, TimeSpan Time, string? OnlyFormat)
{
    /// <summary>Iterations that are done however slow the machine is.</summary>
    public const int LeastIterations = 60;

    /// <summary>A single input that takes longer hangs. No input needs a hundredth of it on an idle machine.</summary>
    public static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private const string SecondsVariable = "VLMSHARP_FUZZ_SECONDS", FirstVariable = "VLMSHARP_FUZZ_FIRST";

    /// <summary>Names a single input, as in png:1234.</summary>
    public const string CaseVariable = "VLMSHARP_FUZZ_CASE";

    /// <summary>What the environment asks for.</summary>
    /// <param name="formats">How many formats share the time.</param>
    public static FuzzSettings Read(int formats)
    {
        if (Environment.GetEnvironmentVariable(CaseVariable) is { Length: > 0 } one)
        {
            string[] parts = one.Split(':');
            return new FuzzSettings(long.Parse(parts[1], CultureInfo.InvariantCulture), 1, TimeSpan.MaxValue, parts[0]);
        }
        long first = Environment.GetEnvironmentVariable(FirstVariable) is { Length: > 0 } number ? long.Parse(number, CultureInfo.InvariantCulture) : 0;
        return Environment.GetEnvironmentVariable(SecondsVariable) is { Length: > 0 } seconds
            ? new FuzzSettings(first, long.MaxValue, TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture) / formats), null)
            : new FuzzSettings(first, 400, TimeSpan.FromSeconds(0.3), null);
    }
}
