namespace VlmSharp.Architecture.Tests.Reading.Sample;

/// <summary>Names a different type in every way that C# has. Each type is called after the way.</summary>
[OfType]
internal sealed class Everything<[OfParameter] T> : BaseType<BaseArgument>, IInterface where T : IConstraint
{
    [OfField]
    private readonly Field kept = new();

    private static readonly int[] Numbers = [3, 1, 4, 1, 5, 9, 2, 6]; // in the compiler's table

    public event Event? Heard;

    public Property? Property { get; set; }

    internal Field? Get(Parameter[] p, ref ByReference r, [OfArgument] int i) => i > p.Length + r.N ? kept : null;

    internal unsafe void Point(Pointer* p, delegate*<Pointed, void> f) => f(new Pointed(p->N + Numbers[p->N]));

    internal static object Constrained<TOther>(TOther other) where TOther : IMethodConstraint => other.ToString()!;

    void IInterface.Explicit() => new Made().Go();

    internal Type Token() => typeof(Token);

    internal bool Test(object o) => o is Tested;

    internal object Generic() => Static.Make<GenericArgument>();

    internal object List() => new List<Element[]>();

    internal int Local()
    {
        Local local;
        local.N = Numbers[0];
        Static.Change(ref local.N);
        return local.N;
    }

    internal int Caught()
    {
        try
        {
            return Numbers[1] / Numbers[2];
        }
        catch (Caught)
        {
            return Constants.Zero;
        }
    }

    internal Func<int> Lambda(int captured) => () => captured + new InLambda().N;

    internal Func<object, object> Uncaptured() => o => (InUncaptured)o;

    internal async Task<int> Async()
    {
        await Task.Yield();
        return new InAsync().N;
    }

    internal IEnumerable<object> Iterator()
    {
        yield return Numbers;
        yield return new InIterator();
    }

    internal int LocalFunction()
    {
        return Inner();

        static int Inner() => new InLocalFunction().N;
    }

    internal void Raise() => Heard?.Invoke();

    private sealed class Nested
    {
        private readonly InNested inner = new();

        public int N => inner.N;
    }

    internal int Switch(string text) => // by the compiler's hash of it
        text switch { "one" => 1, "two" => 2, "three" => 3, "four" => 4, "five" => 5, "six" => 6, "seven" => 7, _ => new Nested().N };
}
