namespace VlmSharp.Evaluation.Answers;

/// <summary>Converts number words to digits.</summary>
internal static class NumberWords
{
    private static readonly string[] Words =
    [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
        "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
    ];

    /// <summary>The digits of a number word: 2 for two, 0 for none.</summary>
    /// <param name="word">A word in lower case.</param>
    /// <param name="most">The largest number whose word is known, at most 20.</param>
    /// <returns>Digits; any other word unchanged.</returns>
    public static string ToDigits(string word, int most) =>
        word == "none" ? "0" : Array.IndexOf(Words, word, 0, most + 1) is >= 0 and var number ? $"{number}" : word;
}
