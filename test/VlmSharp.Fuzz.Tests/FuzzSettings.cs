using System.Globalization;

namespace VlmSharp.Fuzz.Tests;

/// <summary>How many inputs are tried: few by default, more if the environment says so.</summary>
/// <param name="First">Number of the first iteration; the same number gives the same input.</param>
/// <param name="Iterations">The largest number of iterations of a format.</param>
/// <param name="Time">The time after which a format ends, once <see cref="LeastIterations"/> are done.</param>
/// <param name="OnlyFormat">The one format to try, or null.</param>
internal sealed record FuzzSettings(long First, long Iterations, TimeSpan Time, string? OnlyFormat)
{
    /// <summary>The iterations that are done even on a slow machine.</summary>
    public const int LeastIterations = 60;

    /// <summary>An input that takes longer counts as a hang. On an idle machine no input needs a hundredth of it.</summary>
    public static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private const string SecondsVariable = "VLMSHARP_FUZZ_SECONDS", FirstVariable = "VLMSHARP_FUZZ_FIRST";

    /// <summary>The variable that names a single input, for example png:1234.</summary>
    public const string CaseVariable = "VLMSHARP_FUZZ_CASE";

    /// <summary>The settings from the environment.</summary>
    /// <param name="formats">The number of formats that share the time.</param>
    public static FuzzSettings Read(int formats)
    {
        if (Environment.GetEnvironmentVariable(CaseVariable) is { Length: > 0 } one)
        {
            string[] parts = one.Split(':');
            return new FuzzSettings(long.Parse(parts[1], CultureInfo.InvariantCulture), 1, TimeSpan.MaxValue, parts[0]);
        }
        long first = Environment.GetEnvironmentVariable(FirstVariable) is { Length: > 0 } number
            ? long.Parse(number, CultureInfo.InvariantCulture)
            : 0;
        return Environment.GetEnvironmentVariable(SecondsVariable) is { Length: > 0 } seconds
            ? new FuzzSettings(
                first, long.MaxValue, TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture) / formats), null)
            : new FuzzSettings(first, 400, TimeSpan.FromSeconds(0.3), null);
    }
}
