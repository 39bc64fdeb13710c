using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Sampling;

/// <summary>Writes a row of the result of <see cref="Choose"/>, with ids as integers in place of floats.</summary>
internal static class ChoiceWords
{
    /// <summary>The token and its log-probability.</summary>
    public static void Write(Span<float> row, int id, float logProbability)
    {
        row[0] = BitConverter.Int32BitsToSingle(id);
        row[1] = float.IsNaN(logProbability) ? float.NegativeInfinity : logProbability;
    }

    /// <summary>The likeliest tokens; unused places get the id -1.</summary>
    public static void Write(Span<float> row, TopSelector likeliest)
    {
        int room = (row.Length - 2) / 2;
        for (int i = 0; i < room; i++)
        {
            row[2 + i] = BitConverter.Int32BitsToSingle(i < likeliest.Count ? likeliest.Ids[i] : -1);
            row[2 + room + i] = i < likeliest.Count ? likeliest.Values[i] : float.NegativeInfinity;
        }
    }
}
