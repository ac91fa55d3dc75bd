// SPDX-License-Identifier: BSD-3-Clause
// The page in the user's language: English, or Portuguese where the browser prefers it or the address
// ends with ?lang=pt. Messages of the programs stay English.

const PORTUGUESE = Object.fromEntries([
	// index.html
	["timesync-lab live", "timesync-lab live"],
	["connecting", "conectando"],
	["End the experiment", "Encerrar o experimento"],
	["Clocks and links", "Relógios e enlaces"],
	["Click on a clock or a link to select it. A clock has the colour of its curve in the graph. Its rim " +
	 "has the colour of the leader that it follows, and is thick if it is the leader.",
	"Clique em um relógio ou em um enlace para selecioná-lo. Um relógio tem a cor da sua curva no gráfico. " +
	"Sua borda tem a cor do líder que ele segue, e é grossa se ele é o líder."],
	["The clocks now", "Os relógios agora"],
	["clock", "relógio"],
	["program", "programa"],
	["true error", "erro real"],
	["from the median", "frente à mediana"],
	["claimed bound", "limite declarado"],
	["What to change", "O que mudar"],
	["A clock and its program", "Um relógio e seu programa"],
	["drift", "taxa"],
	["step by", "saltar"],
	["Step", "Saltar"],
	["A link", "Um enlace"],
	["link", "enlace"],
	["delay", "atraso"],
	["asymmetry", "assimetria"],
	["jitter", "jitter"],
	["loss", "perda"],
	["A parted network", "Uma rede dividida"],
	["on one side; all others are on the other", "de um lado; todos os demais ficam do outro"],
	["Part these from the others", "Separar estes dos outros"],
	["Heal", "Unir"],
	["What the scenario does", "O que o cenário faz"],
	["Error of every clock", "Erro de cada relógio"],
	["show", "mostrar"],
	["against the true time", "frente à hora verdadeira"],
	["against the median clock", "frente ao relógio mediano"],
	["the last", "os últimos"],
	["20 s", "20 s"],
	["60 s", "60 s"],
	["5 min", "5 min"],
	["the error of every clock over time", "o erro de cada relógio ao longo do tempo"],
	["Above 0 a clock is ahead. A band is the claimed maximum error of a clock. Dotted lines mark actions. " +
	 "The coloured strip of a group shows its leader.",
	"Acima de 0, um relógio está adiantado. Uma faixa é o erro máximo que um relógio declara. Linhas " +
	"pontilhadas marcam ações. A barra colorida de um grupo mostra seu líder."],
	["All methods, on the same rounds", "Todos os métodos, com as mesmas rodadas"],
	["asking", "pergunta a"],
	["method", "método"],
	["offset", "offset"],
	["bound", "limite"],
	["within the bound", "dentro do limite"],
	["Measurements of the scenario", "Medições do cenário"],
	["series", "série"],
	["error", "erro"],
	["What was done", "O que foi feito"],
	// live.js
	["the experiment answers {0}", "o experimento responde {0}"],
	["Done: {0}.", "Feito: {0}."],
	["Not done: {0}", "Não foi feito: {0}"],
	["{0} leads in term {1}", "{0} lidera no mandato {1}"],
	["no leader", "sem líder"],
	["The leader measures {0} between the clocks.", "O líder mede {0} entre os relógios."],
	["The leader measures {0} between the clocks, and says: {1}.",
		"O líder mede {0} entre os relógios e diz: {1}."],
	["the network is parted", "a rede está dividida"],
	["{0} leads now.", "Agora {0} lidera."],
	["Nobody leads now.", "Agora ninguém lidera."],
	["none", "nenhum"],
	["{0} is asking {1}", "{0} está perguntando a {1}"],
	["No result: {0}", "Sem resultado: {0}"],
	["{0} of {1} rounds were answered.", "{0} de {1} rodadas foram respondidas."],
	["The true offset is {0}.", "O offset real é {0}."],
	["The true offset is {0}, at the end of the rounds, while a clock was corrected.",
		"O offset real é {0}, no fim das rodadas, durante as quais um relógio foi corrigido."],
	["yes", "sim"],
	["NO", "NÃO"],
	["live", "ao vivo"],
	["The experiment has ended.", "O experimento terminou."],
	// controls.js
	["Kill", "Matar"],
	["Freeze", "Congelar"],
	["Thaw", "Descongelar"],
	["Restart", "Reiniciar"],
	["Leave", "Sair"],
	["Join", "Entrar"],
	["all links", "todos os enlaces"],
	["{0} to {1}: {2}; {1} to {0}: {3}", "{0} para {1}: {2}; {1} para {0}: {3}"],
	["Choose the clocks on one side; the others are on the other side.",
		"Escolha os relógios de um lado; os outros ficam do outro lado."],
	// map.js
	["{0} % lost", "{0} % perdidos"],
	["parted", "dividido"],
	["a client", "um cliente"],
	["killed", "morto"],
	["frozen", "congelado"],
	["left", "saiu"],
	["absent", "ausente"],
	["serves", "serve a hora"],
	["leads, term {0}", "lidera, mandato {0}"],
	["follows {0}, term {1}", "segue {0}, mandato {1}"],
	["clock {0}: {1}", "relógio {0}: {1}"],
	["leads", "lidera"],
	// graph.js
	["time since the start (s)", "tempo desde o início (s)"],
	["{0}, term {1}", "{0}, mandato {1}"],
	// what was done
	["kill", "matar"],
	["freeze", "congelar"],
	["thaw", "descongelar"],
	["restart", "reiniciar"],
	["leave", "sair"],
	["join", "entrar"],
	["step", "saltar"],
	["part", "dividir"],
	["heal", "unir"],
	// the titles of the scenarios that ship
	["An unequal path: the error that no measurement sees",
		"Um caminho desigual: o erro que nenhuma medição enxerga"],
	["Berkeley's algorithm: clocks that agree although none knows the time",
		"O algoritmo de Berkeley: relógios que concordam, embora nenhum saiba a hora"],
	["Commit wait: stamps in order, without a message",
		"Commit wait: marcas em ordem, sem nenhuma mensagem"],
	["Cristian's algorithm", "O algoritmo de Cristian"],
	["Drift: an offset is gone at once, a rate is not",
		"Drift: o deslocamento some de uma vez, a taxa não"],
	["Four methods on the same rounds", "Quatro métodos com as mesmas rodadas"],
	["The leader is frozen, and wakes up as if nothing had happened",
		"O líder é congelado e acorda como se nada tivesse acontecido"],
	["When did it really leave? Interleaved mode", "Quando ele saiu de fato? O modo intercalado"],
	["An island, and a reference", "Uma ilha, e uma referência"],
	["The leader is killed", "O líder é morto"],
	["A liar among the servers", "Um mentiroso entre os servidores"],
	["Loss, duplicates and reordering", "Perdas, duplicatas e reordenação"],
	["A newcomer", "Um recém-chegado"],
	["A parted network: the minority stops", "Uma rede dividida: a minoria para"],
	["How long is a round trip, and what does RPC add?",
		"Quanto dura uma ida e volta, e o que o RPC acrescenta?"],
	["A day over a long way", "Um dia em um caminho longo"],
]);

const wanted = new URLSearchParams(location.search).get("lang") ?? navigator.language;
const portuguese = wanted.toLowerCase().startsWith("pt");

// A text of the table in the user's language, with {0}, {1}, ... replaced.
export function t(text, ...parts) {
	const chosen = portuguese ? PORTUGUESE[text] ?? text : text;
	return chosen.replace(/\{(\d)\}/g, (_, n) => parts[n]);
}

// What was done, as the experiment says it in English.
const DEEDS = [
	[/^step (.+) by /, "saltar $1 em "],
	[/^drift (.+) to /, "taxa de $1 para "],
	[/^link (\S+) and (\S+):/, "enlace $1 e $2:"],
	[/^link (\S+) to (\S+):/, "enlace $1 para $2:"],
	[/^link /, "enlace "],
	[/^(enlace .*[:,] )delay /, "$1atraso "],
	[/^(enlace .*[:,] )loss /, "$1perda "],
	[/^(enlace .*[:,] )duplicate /, "$1duplicação "],
	[/^(enlace .*[:,] )reorder /, "$1reordenação "],
	[/^(kill|freeze|thaw|restart|leave|join|step|drift|part|heal)(?= |$)/, (word) => t(word)],
	[/ \(leader\)/, " (líder)"],
];

export function deed(words) {
	return portuguese ? DEEDS.reduce((said, rule) => said.replace(...rule), words) : words;
}

// A number with the decimal sign of the language.
export function decimal(number) {
	return portuguese ? number.replace(".", ",") : number;
}

const flat = (text) => text.trim().replace(/\s+/g, " ");

// Translate what stands in the page from the beginning.
export function translatePage() {
	if (!portuguese) {
		return;
	}
	document.documentElement.lang = "pt-BR";
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const text = flat(walker.currentNode.data);
		if (text) {
			walker.currentNode.data = walker.currentNode.data.replace(walker.currentNode.data.trim(),
				() => t(text));
		}
	}
	for (const element of document.querySelectorAll("[aria-label]")) {
		element.setAttribute("aria-label", t(element.getAttribute("aria-label")));
	}
}
