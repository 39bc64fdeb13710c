namespace VlmSharp.Cli.Errors;

/// <summary>Number of typing errors between two words: a missing, extra or wrong letter, or two swapped letters (Damerau 1964).</summary>
internal static class EditDistance
{
    /// <summary>The optimal string alignment distance.</summary>
    /// <param name="a">What was typed; case counts.</param>
    /// <param name="b">Another word.</param>
    /// <returns>Number of errors; 0 for equal words.</returns>
    public static int Of(string a, string b)
    {
        int[,] d = new int[a.Length + 1, b.Length + 1]; // [i, j]: distance of the first i letters to the first j
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    d[i, j] = i + j;
                    continue;
                }

                int wrong = d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                d[i, j] = Math.Min(wrong, 1 + Math.Min(d[i - 1, j], d[i, j - 1]));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i, j] = Math.Min(d[i, j], 1 + d[i - 2, j - 2]);
            }
        }

        return d[a.Length, b.Length];
    }
}
