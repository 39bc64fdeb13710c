namespace VlmSharp.Architecture.Tests.Reading;

/// <summary>A type of some assembly. What is nested in it, by hand or by the compiler, counts as it.</summary>
/// <param name="Assembly">The assembly's name.</param>
/// <param name="Namespace">Its namespace, empty for none.</param>
/// <param name="Name">Its name, without the count of type parameters.</param>
internal sealed record TypeName(string Assembly, string Namespace, string Name);

/// <summary>That one type names another.</summary>
/// <param name="User">The type that names.</param>
/// <param name="Member">Where: its method, field, property or event; null for the head of its declaration.</param>
/// <param name="Used">The type that is named.</param>
/// <param name="UsedMember">Which method or field of it; null where the type itself is named.</param>
internal sealed record TypeUse(TypeName User, string? Member, TypeName Used, string? UsedMember)
{
    /// <summary>As a sentence for messages.</summary>
    public override string ToString()
    {
        string used = UsedMember is null or MemberNames.Constructor ? Used.Name : $"{Used.Name}.{UsedMember}";
        return $"{User.Name} uses {used} in {Member ?? "its declaration"}";
    }
}
