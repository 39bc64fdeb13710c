namespace VlmSharp.Evaluation.Tests;

public sealed class PythonTextTests
{
    /// <summary>What Python 3 prints for round(x, 2).</summary>
    [Theory]
    [InlineData(66.665, 66.67), InlineData(2.675, 2.67), InlineData(1.005, 1.0), InlineData(0.125, 0.12), InlineData(0.375, 0.38),
        InlineData(66.625, 66.62)]
    [InlineData(66.875, 66.88), InlineData(100, 100), InlineData(0, 0), InlineData(33.333333333333336, 33.33), InlineData(99.995, 100.0),
        InlineData(-0.125, -0.12)]
    public void Numbers_are_rounded_as_python_rounds(double value, double rounded) => Assert.Equal(rounded, PythonText.Round2(value));

    [Theory]
    [InlineData("", new string[0]), InlineData("  ", new string[0]), InlineData(" a  b ", new[] { "a", "b" }),
        InlineData("a\u00A0b\u001Cc\u2028d", new[] { "a", "b", "c", "d" })]
    [InlineData("a\u200Bb", new[] { "a\u200Bb" })]
    public void Texts_are_split_as_python_splits(string text, string[] words) => Assert.Equal(words, PythonText.Split(text));
}
