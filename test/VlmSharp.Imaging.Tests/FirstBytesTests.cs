using System.Text;

namespace VlmSharp.Imaging.Tests;

/// <summary>A picture of letters, or a list of paths?</summary>
public sealed class FirstBytesTests
{
    [Theory]
    [InlineData("P5\t2 1 255\nab")]
    [InlineData("P6\r\n2 1\r\n255\r\nabcdef")]
    [InlineData("P2 \t\n # gray\n2 1 255 0 1\n")]
    [InlineData("P3\v2 1 255 0 1 2 3 4 5")]
    [InlineData("P1\f2 1 0 1")]
    [InlineData("P4\n#\n2 1\na")]
    [InlineData("P7\tWIDTH 2\nHEIGHT 1\n")]
    [InlineData("P7\n# of a camera\nWIDTH 2\n")]
    public void All_white_space_of_Netpbm_may_follow_its_signature(string head) =>
        Assert.Equal(FirstBytesKind.Picture, FirstBytes.KindOf(Encoding.Latin1.GetBytes(head)));

    [Theory]
    [InlineData("P5\tcat.png\n")]
    [InlineData("P5\ncat.png\n")]
    [InlineData("P6\n")]
    [InlineData("P7\nWIDE.png\n")]
    [InlineData("P8\t2 1 255\n")]
    [InlineData("P5cat.png\n")]
    public void Paths_that_begin_like_Netpbm_are_paths(string head) =>
        Assert.Equal(FirstBytesKind.Text, FirstBytes.KindOf(Encoding.Latin1.GetBytes(head)));
}
