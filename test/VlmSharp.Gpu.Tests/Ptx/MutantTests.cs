namespace VlmSharp.Gpu.Tests.Ptx;

public class MutantTests
{
    private const string Text = "add a; add b; add c;";

    [Fact]
    public void One_occurrence_or_all_are_replaced()
    {
        Assert.Equal("sub a; sub b; sub c;", Mutant.Replace("add", "sub").Break(Text));
        Assert.Equal("add a; sub b; add c;", Mutant.Replace("add", "sub", 1).Break(Text));
        Assert.Equal("add a; add b; add d;", Mutant.ReplaceMatch(@"add (\w);", "add d;", 2).Break(Text));
        Assert.Equal("a+; b+; c+;", Mutant.ReplaceMatch(@"add (\w);", "$1+;").Break(Text));
        string[] each = ["sub a; add b; add c;", "add a; sub b; add c;", "add a; add b; sub c;"];
        Assert.Equal(each, Mutant.Each(Text, "add", "sub").Select(m => m.Break(Text)));
    }

    [Fact]
    public void Wrong_results_and_objections_are_noticed_and_agreement_is_not()
    {
        Mutant mutant = Mutant.Replace("b", "x");
        Assert.Equal("add a; add x; add c;", mutant.Notice(Text, broken => broken));
        Assert.Equal("SharedRace: twice", mutant.Notice(Text, _ => throw new PtxException(PtxFault.SharedRace, "twice")));
        Assert.Null(mutant.Notice(Text, _ => null));
    }

    [Fact]
    public void A_mutant_that_breaks_nothing_is_an_error() =>
        Assert.Throws<ArgumentException>(() => Mutant.Replace("mul", "").Notice(Text, _ => null));
}
