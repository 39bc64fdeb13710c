using Microsoft.Playwright;
using static VlmSharp.Server.Tests.Page.ScriptedServer;

namespace VlmSharp.Server.Tests.Page;

/// <summary>What the page does when the server cannot answer, or not yet.</summary>
[Collection(BrowserTests.Name)]
public sealed class FailureTests(BrowserFixture browser)
{
    private static readonly PageView View = new() { Address = "#task=caption&sample=sun", RequestsFail = true };

    [ChromiumFact]
    public async Task The_page_asks_for_a_key_when_the_server_wants_one_and_keeps_it_for_the_tab()
    {
        await using ScriptedServer server =
            await StartAsync((http, _) => EndAsync(http, Answer("caption", "p", "an answer")), key: "right");
        await browser.UseAsync(server.Origin, async page =>
        {
            ILocator field = page.GetByLabel("This server asks for a key");
            await Assertions.Expect(field).ToBeFocusedAsync();
            await field.FillAsync("wrong");
            await page.Keyboard.PressAsync("Enter");
            await Assertions.Expect(page.GetByText("The server does not know this key.")).ToBeVisibleAsync();
            await field.FillAsync("right");
            await page.GetByRole(AriaRole.Button, new() { Name = "Use this key" }).ClickAsync();
            await Assertions.Expect(field).ToBeHiddenAsync();
            await Assertions.Expect(page.Locator("#model-name")).ToHaveTextAsync("demo");
            await RunAsync(page);
            await Assertions.Expect(page.Locator(".answer .text")).ToHaveTextAsync("an answer");
            await page.ReloadAsync();
            await Assertions.Expect(page.Locator("#model-name")).ToHaveTextAsync("demo");
            await Assertions.Expect(page.GetByLabel("This server asks for a key")).ToBeHiddenAsync();
            Assert.Equal("right", await page.EvaluateAsync<string>("sessionStorage.getItem('vlmsharp-key')"));
            Assert.Null(await page.EvaluateAsync<string?>("localStorage.getItem('vlmsharp-key')"));
        }, View with { Screenshot = "key" });
    }

    [ChromiumTheory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task A_busy_server_is_given_the_time_it_asks_for(int status)
    {
        int asked = 0;
        await using ScriptedServer server = await StartAsync((http, _) =>
            ++asked == 1 ? FailAsync(http, status, "The queue is full.", "2") : EndAsync(http, Answer("caption", "p", "an answer")));
        await browser.UseAsync(server.Origin, async page =>
        {
            await RunAsync(page);
            await Assertions.Expect(page.GetByText("The queue is full.")).ToBeVisibleAsync();
            await Assertions.Expect(page.GetByText("The next try is in 1 s.")).ToBeVisibleAsync();
            await Assertions.Expect(page.Locator(".answer .text")).ToHaveTextAsync("an answer");
        }, View);
        Assert.Equal(2, server.Asked.Count);
    }

    [ChromiumFact]
    public async Task The_wait_can_be_cut_short_or_given_up()
    {
        int asked = 0;
        await using ScriptedServer server = await StartAsync((http, _) =>
            ++asked < 3 ? FailAsync(http, 429, "The queue is full.", "600") : EndAsync(http, Answer("caption", "p", "an answer")));
        await browser.UseAsync(server.Origin, async page =>
        {
            await RunAsync(page);
            await page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
            await Assertions.Expect(page.Locator("#announcer")).ToHaveTextAsync("Canceled.");
            await RunAsync(page);
            await page.GetByRole(AriaRole.Button, new() { Name = "Try now" }).ClickAsync();
            await Assertions.Expect(page.Locator(".answer .text")).ToHaveTextAsync("an answer");
        }, View);
    }

    [ChromiumFact]
    public async Task Cancel_reaches_the_server_in_the_middle_of_an_answer()
    {
        var gone = new TaskCompletionSource();
        await using ScriptedServer server = await StartAsync(async (http, _) =>
        {
            await using CancellationTokenRegistration registration = http.RequestAborted.Register(gone.SetResult);
            await SendAsync(http, """{"text":"two "}""");
            await gone.Task;
        });
        await browser.UseAsync(server.Origin, async page =>
        {
            await RunAsync(page);
            await Assertions.Expect(page.Locator(".streaming")).ToHaveTextAsync("two");
            await page.Keyboard.PressAsync("Escape");
            await gone.Task.WaitAsync(TimeSpan.FromSeconds(20));
            await Assertions.Expect(page.GetByText("Canceled.").First).ToBeVisibleAsync();
            await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Cancel" })).ToBeHiddenAsync();
        }, View);
    }

    [ChromiumFact]
    public async Task An_error_is_shown_in_the_servers_words_and_the_request_can_be_repeated()
    {
        int asked = 0;
        await using ScriptedServer server = await StartAsync((http, _) =>
            ++asked == 1 ? FailAsync(http, 400, "The picture has <b>no</b> pixels.") : EndAsync(http, Answer("caption", "p", "an answer")));
        await browser.UseAsync(server.Origin, async page =>
        {
            await RunAsync(page);
            await Assertions.Expect(page.Locator(".failure p")).ToHaveTextAsync("The picture has <b>no</b> pixels.");
            await page.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
            await Assertions.Expect(page.Locator(".answer .text")).ToHaveTextAsync("an answer");
        }, View);
    }

    [ChromiumFact]
    public async Task An_answer_that_breaks_off_is_not_shown_as_complete()
    {
        await using ScriptedServer server = await StartAsync((http, _) => SendAsync(http, """{"text":"two "}"""));
        await browser.UseAsync(server.Origin, async page =>
        {
            await RunAsync(page);
            await Assertions.Expect(page.Locator(".failure p")).ToHaveTextAsync("The answer broke off before its end. Run it again.");
        }, View);
    }

    [ChromiumFact]
    public async Task An_error_in_the_middle_of_an_answer_is_shown()
    {
        await using ScriptedServer server = await StartAsync(
            (http, _) => SendAsync(http, """{"error":{"message":"The server stops.","type":"server_error","param":null,"code":null}}"""));
        await browser.UseAsync(server.Origin, async page =>
        {
            await RunAsync(page);
            await Assertions.Expect(page.Locator(".failure p")).ToHaveTextAsync("The server stops.");
        }, View);
    }

    [ChromiumFact]
    public async Task Without_a_network_the_page_stays_and_says_so()
    {
        await using ScriptedServer server = await StartAsync((http, _) => EndAsync(http, Answer("caption", "p", "an answer")));
        await browser.UseAsync(server.Origin, async page =>
        {
            await page.Context.SetOfflineAsync(true);
            await RunAsync(page);
            await Assertions.Expect(page.Locator(".failure p"))
                .ToHaveTextAsync("The server does not answer. See whether it still runs, then try again.");
            await page.Context.SetOfflineAsync(false);
            await page.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
            await Assertions.Expect(page.Locator(".answer .text")).ToHaveTextAsync("an answer");
        }, View);
    }

    private static Task RunAsync(IPage page) => page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
}
