namespace VlmSharp.Architecture.Tests.Reading;

/// <summary>The member of the source behind a name in the metadata.</summary>
internal static class MemberNames
{
    /// <summary>The name of an instance constructor.</summary>
    public const string Constructor = "its constructor";

    private static readonly string[] Accessors = ["get_", "set_", "add_", "remove_"];

    /// <summary>
    /// <c>Name</c> of the accessor <c>get_Name</c>, <c>Run</c> of the lambda <c>&lt;Run&gt;b__0</c>, <c>Dispose</c> of the explicit
    /// <c>System.IDisposable.Dispose</c>.
    /// </summary>
    public static string Of(string name)
    {
        if (name.StartsWith('<')) return HolderOf(name) ?? "a lambda";
        if (name is ".ctor" or ".cctor") return name == ".ctor" ? Constructor : "its static constructor";
        string last = name[(name.LastIndexOf('.') + 1)..];
        string? prefix = Array.Find(Accessors, accessor => last.StartsWith(accessor, StringComparison.Ordinal));
        return last[(prefix?.Length ?? 0)..];
    }

    /// <summary>
    /// The member that contains a closure or a state machine. The compiler puts its name in angle brackets, one pair for each level.
    /// </summary>
    /// <returns>Its name, or null if there is none.</returns>
    public static string? HolderOf(string name)
    {
        if (!name.StartsWith('<')) return null;
        string holder = name.TrimStart('<').Split('>')[0];
        return holder.Length > 0 && !char.IsDigit(holder[0]) ? Of(holder) : null;
    }
}
